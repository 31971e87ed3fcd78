import { describe } from 'vitest'
import { testBodies } from './dataset-bodies.ts'

describe('lines of web servers, databases and network devices', () => testBodies('web'))
