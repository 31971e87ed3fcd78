import Module, { createRequire } from 'node:module'

/**
 * Keeps the client from loading Apache Arrow, 151 files and 6 MB of memory that only its helper for ES|QL knows of: what
 * it asks for is there already, and empty. Should the client ever ask for another file, it gets that.
 */
const require = createRequire(createRequire(import.meta.url).resolve('@elastic/elasticsearch'))
try {
  const file = require.resolve('apache-arrow/Arrow.node')
  require.cache[file] ??= new Module(file)
} catch {
  // There is no Arrow.
}
