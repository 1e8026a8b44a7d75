import ts from 'typescript'
import { commentBefore, readDocstring } from './docstring.js'
import { findExport, readPublicApi } from './exports.js'
import { code, paragraphs, table } from './markdown.js'

const INTRODUCTION = `# Diagnostic events

When a step of a login, or of what follows, is over, the strategy publishes an event on the channel \`passport-authorization-code\` of \`node:diagnostics_channel\`. The same steps are lines of \`DEBUG=passport-authorization-code:*\` and spans of OpenTelemetry. [Watching it work](../diagnostics.md) shows how to use all three.

No event holds a token, code, verifier, state, secret or key.

This page is made by \`npm run docs:reference\`.`

/** The page of the diagnostic steps and their fields. */
export function render(): Promise<string> {
  return Promise.resolve(
    paragraphs([
      INTRODUCTION,
      '## Steps',
      table(['step', 'when it is over'], steps()),
      '## Fields of an event',
      table(['field', 'type', 'meaning'], fieldsOf('DiagnosticEvent')),
      '## Fields of `error`',
      table(['field', 'type', 'meaning'], fieldsOf('DiagnosticError')),
    ]),
  )
}

function steps(): readonly (readonly string[])[] {
  const { declaration } = findExport(readPublicApi().exports, 'DiagnosticStep')
  if (!ts.isTypeAliasDeclaration(declaration) || !ts.isUnionTypeNode(declaration.type)) {
    throw new Error('DiagnosticStep is no union')
  }
  return declaration.type.types.map((member) => [
    code(member.getText().replace(/^'(.*)'$/, '$1')),
    commentBefore(member),
  ])
}

function fieldsOf(name: string): readonly (readonly string[])[] {
  const { declaration } = findExport(readPublicApi().exports, name)
  if (!ts.isInterfaceDeclaration(declaration)) throw new Error(`${name} is no interface`)
  return declaration.members
    .filter(ts.isPropertySignature)
    .map((field) => [
      code(`${field.name.getText()}${field.questionToken ? '?' : ''}`),
      code(field.type?.getText() ?? ''),
      (readDocstring(field)?.text ?? '').replace(/\{@link (\w+)\}/g, '`$1`'),
    ])
}
