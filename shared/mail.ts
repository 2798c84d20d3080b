/** How a mail enters an actor's rolling digest: kind, sender, sequence, then its fields in table order. */
import { type Digest } from './digest.ts'
import { KINDS, MESSAGES, type FieldType, type Kind, type Mail } from './messages.ts'

type FieldPlan = readonly (readonly [name: string, type: FieldType])[]

export const FIELDS = Object.fromEntries(KINDS.map((kind) => [kind, Object.entries(MESSAGES[kind].fields)])) as unknown as Record<
  Kind,
  FieldPlan
>
const KIND_INDEX = Object.fromEntries(KINDS.map((kind, index) => [kind, index])) as Record<Kind, number>

export function digestMail(digest: Digest, mail: Mail): void {
  digest.word(KIND_INDEX[mail.kind])
  digest.word(mail.from)
  digest.number(mail.sequence)
  const body = mail.body as Readonly<Record<string, unknown>>
  for (const [name, type] of FIELDS[mail.kind]) {
    const value = body[name]
    if (type === 'u32' || type === 'f64') digest.number(value as number)
    else if (type === 'text') digest.text(value as string)
    else if (type === 'text[]') for (const item of value as readonly string[]) digest.text(item)
    else digest.numbers(value as ArrayLike<number>)
  }
}
