import { describe } from 'vitest'
import { testBodies } from './dataset-bodies.ts'

describe('lines of Linux hosts', () => testBodies('linux'))
