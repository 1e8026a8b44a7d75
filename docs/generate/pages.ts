import * as openid from './openid.js'

/** The generated pages: the path in the repository, and the function that makes the Markdown. */
export const PAGES: readonly (readonly [file: string, render: () => Promise<string>])[] = [
  ['docs/conformance/openid.md', openid.render],
]
