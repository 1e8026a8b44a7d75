import ts from 'typescript'

/** A docstring, taken apart. All texts are Markdown, with `{@link …}` as it stands in the source. */
export interface Docstring {
  readonly text: string
  readonly parameters: readonly { readonly name: string; readonly text: string }[]
  readonly returns: string | undefined
  /** What is thrown, and when. */
  readonly throws: readonly { readonly type: string | undefined; readonly text: string }[]
  readonly defaultValue: string | undefined
  readonly see: readonly string[]
  readonly examples: readonly Example[]
}

/** An `@example`: TypeScript in a fence, perhaps after a line that says what it shows. */
export interface Example {
  readonly title: string
  readonly code: string
}

/** The docstring of a declaration, or `undefined` if it has none. */
export function readDocstring(declaration: ts.Declaration): Docstring | undefined {
  const blocks = ts.getJSDocCommentsAndTags(holderOf(declaration)).filter(ts.isJSDoc)
  const block = blocks.at(-1)
  if (block === undefined) return undefined
  const tags = [...(block.tags ?? [])]
  const textsOf = (name: string): readonly string[] =>
    tags.filter((tag) => tag.tagName.text === name).map(textOf)
  return {
    text: ts.getTextOfJSDocComment(block.comment)?.trim() ?? '',
    parameters: tags
      .filter(ts.isJSDocParameterTag)
      .map((tag) => ({ name: tag.name.getText(), text: textOf(tag) })),
    returns: textsOf('returns')[0],
    throws: tags.filter(ts.isJSDocThrowsTag).map((tag) => ({
      type: tag.typeExpression?.type.getText(),
      text: textOf(tag),
    })),
    defaultValue: textsOf('default')[0],
    see: tags.filter((tag) => tag.tagName.text === 'see').map(sourceOf),
    examples: tags.filter((tag) => tag.tagName.text === 'example').map(readExample),
  }
}

/** A variable's docstring stands before its statement. */
function holderOf(declaration: ts.Declaration): ts.Node {
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
}

function textOf(tag: ts.JSDocTag): string {
  return ts.getTextOfJSDocComment(tag.comment)?.trim() ?? ''
}

/** TypeScript takes the first word after `@see` for a name, so the text is read from the source. */
function sourceOf(tag: ts.JSDocTag): string {
  return tag
    .getText()
    .replace(/^@see\s+/, '')
    .replace(/(?:\s*\n\s*\*?)+\s*/g, ' ')
    .trim()
}

/** Read from the source, because TypeScript forgets how the lines of a tag are indented. */
function readExample(tag: ts.JSDocTag): Example {
  const text = tag
    .getText()
    .replace(/^@example[ \t]*/, '')
    .replace(/^[ \t]*\* ?/gm, '')
  const [, title = '', code] = /^(.*?)^```ts\n(.*?)^```/ms.exec(text) ?? []
  return { title: title.trim(), code: code ?? text }
}

/** The docstring before a member of a union, which TypeScript keeps with nothing. */
export function commentBefore(node: ts.Node): string {
  const source = node.getSourceFile().text
  const before = source.slice(node.getFullStart(), node.getStart())
  const earlier = source.slice(0, node.getFullStart())
  const [, comment = ''] =
    /\/\*\*((?:(?!\*\/).)*)\*\/\s*$/s.exec(before) ??
    /\/\*\*((?:(?!\*\/).)*)\*\/\s*\|\s*$/s.exec(earlier) ??
    []
  return comment
    .replace(/^\s*\*? ?/gm, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim()
}
