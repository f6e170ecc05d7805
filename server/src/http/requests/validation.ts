import type { FastifySchemaCompiler } from 'fastify'
import { type ErrorCode, errorCodes, RepriseError } from 'reprise'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'

/** A property of a schema that names the code of its refusal as `x-error-code`. */
interface PropertySchema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly 'x-error-code'?: string
}

interface ObjectSchema extends TSchema {
  readonly properties?: Readonly<Record<string, PropertySchema & TSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
  /** Of a body that may be left out: the object, or null. */
  readonly anyOf?: readonly ObjectSchema[]
}

/** How much of a name that nobody knows is said back. */
const longestName = 64

/**
 * Turns a route's schemas into its checks. Bodies and queries are checked against their schema, fields that it does not
 * name are ignored, unless it takes no others. Paths and headers are read by the routes themselves, whose types are stricter than a schema.
 */
export const validatorCompiler: FastifySchemaCompiler<ObjectSchema> = ({ schema, httpPart }) => {
  if (httpPart !== 'body' && httpPart !== 'querystring') return () => true
  const whole = Compile(schema)
  const shape = schema.anyOf?.find(({ properties }) => properties !== undefined) ?? schema
  const fields = Object.entries(shape.properties ?? {}).map(([name, property]) => {
    const isRequired = shape.required?.includes(name) ?? false
    return { name, property, isRequired, compiled: Compile(property) }
  })
  const fallback: ErrorCode = httpPart === 'body' ? 'invalid_body' : 'invalid_query'
  const integers = fields.filter(({ property }) => property.type === 'integer').map(({ name }) => name)

  return value => {
    if (httpPart === 'querystring') readIntegers(value, integers)
    if (whole.Check(value)) return true
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return refused(fallback, `The body must be a JSON object, but ${describe(value)} came.`, undefined)
    }
    const entries = new Map(Object.entries(value))
    for (const { name, property, isRequired, compiled } of fields) {
      const field = entries.get(name)
      if (field === undefined ? !isRequired : compiled.Check(field)) continue
      const came = field === undefined ? 'it is missing' : `${describe(field)} came`
      return refused(codeOf(property, fallback), `${name} must be ${expectation(property)}, but ${came}.`, name)
    }
    const unknown = shape.additionalProperties === false && [...entries.keys()].find(name => !isNamed(shape, name))
    if (typeof unknown === 'string') {
      const names = fields.map(({ name }) => name).join(', ')
      return refused(fallback, `There is no such field; the body may hold ${names}.`, unknown.slice(0, longestName))
    }
    return refused(fallback, 'The request does not have the expected shape.', undefined)
  }
}

function isNamed({ properties = {} }: ObjectSchema, name: string): boolean {
  return Object.hasOwn(properties, name)
}

function refused(code: ErrorCode, message: string, field: string | undefined) {
  return { error: new RepriseError(code, message, field === undefined ? {} : { field }) }
}

/** A query is all text; what its schema calls an integer becomes one, in place, when it is written plainly. */
function readIntegers(query: Record<string, unknown>, names: readonly string[]): void {
  for (const name of names) {
    const value = query[name]
    if (typeof value === 'string' && /^-?\d{1,15}$/.test(value)) query[name] = Number(value)
  }
}

function codeOf(property: PropertySchema, fallback: ErrorCode): ErrorCode {
  const named = property['x-error-code']
  return named !== undefined && Object.hasOwn(errorCodes, named) ? (named as ErrorCode) : fallback
}

function expectation(property: PropertySchema): string {
  const { type, enum: options, minimum, maximum } = property
  if (options !== undefined) return `one of ${options.join(', ')}`
  if (type === 'string') return textExpectation(property)
  if (type !== 'integer') return `of type ${type}`
  if (minimum === undefined) return 'a whole number'
  return maximum === undefined ? `a whole number from ${minimum}` : `a whole number from ${minimum} to ${maximum}`
}

function textExpectation({ minLength = 0, maxLength, pattern }: PropertySchema): string {
  if (pattern !== undefined) return `a text of the form ${pattern}`
  if (maxLength !== undefined) return `a text of ${minLength} to ${maxLength} characters`
  return minLength === 0 ? 'a text' : `a text of ${minLength} character or more`
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return `a value of type ${typeof value}`
  if (value === '') return 'an empty text'
  return /^[\w.:-]{1,40}$/.test(value) ? `"${value}"` : `a text of ${value.length} characters`
}
