import { z } from 'zod'
import { configSchema } from './schema.ts'

/** The part of JSON Schema that the config's declaration makes use of. */
export interface JsonSchema {
  title?: string
  type?: string
  description?: string
  default?: unknown
  const?: unknown
  enum?: unknown[]
  pattern?: string
  minimum?: number
  maximum?: number
  required?: string[]
  properties?: Record<string, JsonSchema>
  additionalProperties?: JsonSchema | false
  items?: JsonSchema
  anyOf?: JsonSchema[]
}

/** What a config file may say, for editors. */
export function configJsonSchema(): JsonSchema {
  const schema: JsonSchema = JSON.parse(JSON.stringify(z.toJSONSchema(configSchema, { io: 'input' })))
  return { ...{ $comment: 'Generated from src/config/schema.ts by npm run generate; edits are lost.' }, ...schema }
}
