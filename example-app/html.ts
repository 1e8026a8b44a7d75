/** Text that is markup already and goes into a page as it is. Made by {@link html} only. */
export class Html {
  constructor(readonly markup: string) {}

  toString(): string {
    return this.markup
  }
}

/** What may stand in a `${}` of {@link html}: nothing, text (escaped), markup (kept), or a list of these. */
export type Content = Html | string | number | false | undefined | readonly Content[]

/**
 * A template tag that escapes every value which is not itself made by this tag, so that forgetting
 * to escape is not possible. Values belong between tags or inside quoted attributes, nowhere else.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(
    strings.reduce((page, string, index) => page + render(values[index - 1]) + string),
  )
}

function render(content: Content): string {
  if (content === undefined || content === false) return ''
  if (content instanceof Html) return content.markup
  if (typeof content === 'object') return content.map(render).join('')
  return escape(String(content))
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
