import { OIDF_PLANS } from '../../test/e2e/oidf-modules.js'
import type { OidfModule } from '../../test/e2e/oidf-module.js'

const INTRODUCTION = `# OpenID relying-party tests

The plans for clients in the [OpenID Foundation's conformance suite](https://gitlab.com/openid/conformance-suite), module by module. The suite itself is not run: each module has a test here that checks the same thing. [How to read the last column](README.md).

This page is made from \`test/e2e/oidf-modules.ts\`.`

/** The page of the OpenID Foundation's tests for clients. */
export function render(): Promise<string> {
  const parts = Object.entries(OIDF_PLANS).map(([plan, modules]) =>
    [
      `## ${plan}`,
      ['| module | what it checks | test |', '| --- | --- | --- |', ...modules.map(row)].join('\n'),
    ].join('\n\n'),
  )
  return Promise.resolve([INTRODUCTION, ...parts].join('\n\n'))
}

function row({ name, checks, provenBy }: OidfModule): string {
  const tests = provenBy.map((one) => (one.startsWith('not ') ? one : `\`${one}\``)).join(', ')
  return `| \`${name}\` | ${checks} | ${tests} |`
}
