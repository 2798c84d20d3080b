/** The tables of docs/PROTOCOL.md, from the tables of the code. */
import { z } from 'zod'
import { CONTROL, CONTROL_ENCODINGS, CONTROL_KINDS, DATA_NOTES } from '#shared/bus/control.ts'
import { SUBJECTS } from '#shared/bus/subjects.ts'
import { DROP_CAUSES } from '#shared/bus/wire.ts'
import { FIELD_ENCODINGS } from '#shared/codec.ts'
import { ERRORS } from '#shared/errors.ts'
import { FIELD_NOTES } from '#shared/field-notes.ts'
import { KINDS, MESSAGES, REFUSAL_REASONS, type Kind } from '#shared/messages.ts'
import { eventsSchema, sampleSchema, statusSchema } from '#shared/observe/broadcast.ts'
import { operatorRequest } from '#simulation/desk.ts'

export function subjectTable(): string {
  const rows = Object.entries(SUBJECTS).map(([kind, { scope, from, to, control, meaning }]) => [
    code(kind),
    { run: 'RUN', lobby: 'lobby-CLUSTER', both: 'either' }[scope],
    from.join(', '),
    to,
    control.length > 0 ? `${meaning}: ${control.map(code).join(', ')}` : meaning,
  ])
  return table(['kind', 'scope', 'role', 'to', 'what travels there'], rows)
}

export function mailTable(): string {
  const rows = KINDS.map((kind, index) => {
    const { from, to, meaning } = MESSAGES[kind]
    return [String(index), `[${code(kind)}](#${kind})`, `${from} → ${to.join(', ')}`, meaning]
  })
  return table(['index', 'kind', 'from → to', 'meaning'], rows)
}

export function mailFields(): string {
  return KINDS.map((kind) => `### ${kind}\n\n${fieldsOf(kind)}`).join('\n\n')
}

function fieldsOf(kind: Kind): string {
  const notes: Readonly<Record<string, string>> = FIELD_NOTES[kind]
  const fields = Object.entries(MESSAGES[kind].fields)
  if (fields.length === 0) return 'No fields.'
  return table(
    ['field', 'type', 'what it holds'],
    fields.map(([name, type]) => [code(name), code(type), notes[name]!]),
  )
}

export function controlTable(): string {
  const rows = CONTROL_KINDS.map((kind, index) => {
    const { from, fields, meaning } = CONTROL[kind]
    const list = Object.entries(fields).map(([name, type]) => `${code(name)} ${type}`)
    return [String(index), code(kind), from, list.join(', '), meaning]
  })
  return table(['index', 'kind', 'from', 'fields, in order', 'meaning'], rows)
}

export function dataNotes(): string {
  return bullets(Object.entries(DATA_NOTES).map(([field, note]) => `${code(field)}: ${note}`))
}

export function mailTypes(): string {
  return table(['type', 'in msgpack'], pairs(FIELD_ENCODINGS))
}

export function controlTypes(): string {
  return table(['type', 'in msgpack'], pairs(CONTROL_ENCODINGS))
}

export function dropTable(): string {
  return table(['cause', 'the message'], pairs(DROP_CAUSES))
}

export function errorTable(): string {
  return table(['code', 'meaning'], pairs(ERRORS))
}

export function refusalReasons(): string {
  return REFUSAL_REASONS.map((reason, index) => `${index} ${code(reason)}`).join(', ')
}

export function requestTable(): string {
  const rows = operatorRequest.options.map((option) => {
    const fields = Object.entries(option.shape).filter(([name]) => name !== 'command')
    const list = fields.map(([name, schema]) => `${code(name)} ${typeOf(z.toJSONSchema(schema))}${optional(schema)}`)
    return [code(option.shape.command.value), list.join(', '), option.description ?? '']
  })
  return table(['command', 'more fields', 'meaning'], rows)
}

export function statusTable(): string {
  return shapeTable(statusSchema)
}

export function sampleTable(): string {
  return shapeTable(sampleSchema)
}

export function eventsTable(): string {
  return shapeTable(eventsSchema)
}

interface Shape {
  readonly type?: string
  readonly description?: string
  readonly enum?: readonly (string | null)[]
  readonly items?: Shape
  readonly properties?: Readonly<Record<string, Shape>>
  readonly additionalProperties?: Shape | boolean
  readonly anyOf?: readonly Shape[]
}

function shapeTable(schema: z.ZodType): string {
  const rows = [...shapeRows('', z.toJSONSchema(schema, { unrepresentable: 'any' }) as Shape)]
  return table(['field', 'type', 'what it holds'], rows)
}

/** Each field, and below it those of what it holds. */
function* shapeRows(prefix: string, { properties = {} }: Shape): Generator<string[]> {
  for (const [name, shape] of Object.entries(properties)) {
    yield [code(prefix + name), typeOf(shape), shape.description ?? '']
    if (shape.items) yield* shapeRows(`${prefix}${name}[].`, shape.items)
    if (typeof shape.additionalProperties === 'object') yield* shapeRows(`${prefix}${name}.*.`, shape.additionalProperties)
  }
}

function typeOf(schema: unknown): string {
  const { type, enum: words, items, additionalProperties, anyOf } = schema as Shape
  if (words) return words.map((word) => code(String(word))).join(' ')
  if (anyOf) return [...new Set(choices({ anyOf }))].join(' or ')
  if (items) return `array of ${typeOf(items)}`
  if (type === 'object') return typeof additionalProperties === 'object' ? `map to ${typeOf(additionalProperties)}` : 'map'
  return { string: 'text', boolean: 'flag' }[type ?? ''] ?? type ?? 'anything'
}

/** JSON Schema knows no NaN and no infinity: it gives nothing for the one, null for the other. */
function choices(shape: Shape): string[] {
  if (shape.anyOf) return shape.anyOf.flatMap(choices)
  return shape.enum?.includes(null) === true || Object.keys(shape).length === 0 ? [] : [typeOf(shape)]
}

function optional(schema: z.ZodType): string {
  return schema.safeParse(undefined).success ? ' (may be left out)' : ''
}

function pairs(entries: Readonly<Record<string, string>>): string[][] {
  return Object.entries(entries).map(([name, meaning]) => [code(name), meaning])
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}
