import { format as prettier } from 'prettier'

/** Markdown as Prettier writes it, with the settings of this repository. */
export function format(markdown: string): Promise<string> {
  return prettier(markdown, {
    parser: 'markdown',
    proseWrap: 'never',
    semi: false,
    singleQuote: true,
    printWidth: 100,
  })
}
