import { writeFile } from 'node:fs/promises'
import { datasetReference } from '../dataset/reference.ts'
import { configJsonSchema } from './json-schema.ts'
import { referenceDocs } from './reference-docs.ts'

/** `npm run generate`: files made from the config's declaration, by path from the root; a test keeps them in step. */
export function generatedFiles(): Record<string, string> {
  const schema = configJsonSchema()
  return {
    'deploy/sluice.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
    'docs/config.md': referenceDocs(schema),
    'docs/datasets.md': datasetReference(),
  }
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generatedFiles())) {
    await writeFile(new URL(`../../${path}`, import.meta.url), text)
    console.log(`written: ${path}`)
  }
}
