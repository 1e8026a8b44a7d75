import ts from 'typescript'
import type { Docstring } from './docstring.js'
import { code } from './markdown.js'

/** Parameters and result, such as `(req: LoginRequest): Promise<string>`. */
export function callOf(declaration: ts.SignatureDeclaration): string {
  const result = declaration.type === undefined ? '' : `: ${declaration.type.getText()}`
  return `(${parametersOf(declaration)})${result}`
}

export function parametersOf({ parameters }: ts.SignatureDeclaration): string {
  return parameters
    .map(({ name, type, questionToken, initializer }) => {
      const mark = (questionToken ?? initializer) ? '?' : ''
      const named = ts.isIdentifier(name) ? name.text : 'options'
      return type === undefined ? `${named}${mark}` : `${named}${mark}: ${type.getText()}`
    })
    .join(', ')
}

/** What is thrown, and when, in one sentence without its end. */
export function thrown({ type, text: when }: Docstring['throws'][number]): string {
  if (type === undefined) return when
  return `${/^[A-Z]\w+$/.test(type) ? `{@link ${type}}` : code(type)} ${when}`
}
