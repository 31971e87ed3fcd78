import { describe } from 'vitest'
import { testBodies } from './dataset-bodies.ts'

describe('lines of OpenStack, HAProxy and their neighbours', () => testBodies('openstack'))
