import { join } from 'node:path'
import { startCluster } from '../../support/elasticsearch.ts'

/**
 * Runs a node once and has the JVM write down which classes it used, in a form that it loads in half of the time. Tests
 * find the file beside the jars.
 */
const classes = join(import.meta.dirname, '../../../.cache/services/elasticsearch/classes.jsa')
await using node = await startCluster({ data: 1, jvm: [`-XX:ArchiveClassesAtExit=${classes}`] })
const document = '{"create":{}}\n{"@timestamp":"2013-12-03T00:24:38Z","message":"a line","host":{"name":"web1"}}\n'
await node.call('POST', '/train/_bulk?refresh=true', document.repeat(100))
await node.call('POST', '/train/_search', { query: { match: { message: 'line' } } })
await node.term(0)
