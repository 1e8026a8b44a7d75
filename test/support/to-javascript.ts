import { transformSync } from 'esbuild'

/** TypeScript to JavaScript, types removed and nothing else changed. */
export function toJavaScript(text: string): string {
  return transformSync(text, { loader: 'ts', format: 'esm', target: 'es2023' }).code
}
