/** What a JSON text says; `undefined` if it is none. The parser's own message would quote the text. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
