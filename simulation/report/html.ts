/** HTML in which nothing that is put in can become markup: only what `html` made itself is left as it is. */

export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Undefined and false are nothing, so that a part may be left out. */
export type Part = Html | string | number | undefined | false | readonly Part[]

/** Values stand between tags, or between double quotes in an attribute. */
export function html(markup: TemplateStringsArray, ...values: readonly Part[]): Html {
  // Our own indentation is for who reads the code.
  const pieces = markup.map((piece) => piece.replace(/\s*\n\s*/g, '\n'))
  return new Html(pieces.reduce((text, piece, i) => text + textOf(values[i - 1]) + piece))
}

/** Of text that is markup already, and ours. */
export function raw(text: string): Html {
  return new Html(text)
}

function textOf(part: Part): string {
  if (part instanceof Html) return part.text
  if (typeof part === 'string') return escaped(part)
  if (typeof part === 'number') return String(part)
  return Array.isArray(part) ? (part as readonly Part[]).map(textOf).join('') : ''
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Control characters that HTML does not allow, and those that turn the direction of text, are shown as what they are. */
export function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (sign) => ENTITIES[sign]!)
    .replace(
      /(?![\t\n])[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu,
      (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
}
