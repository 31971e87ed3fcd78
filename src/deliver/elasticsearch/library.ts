// First: what is imported before is not loaded any more.
import './without-arrow.ts'

export { Client, type ClientOptions, ClusterConnectionPool, errors } from '@elastic/elasticsearch'
