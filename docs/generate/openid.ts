import { OIDF_PLANS } from '../../test/e2e/oidf-modules.js'
import type { OidfModule } from '../../test/e2e/oidf-module.js'

const INTRODUCTION = `# OpenID relying-party tests

The plans for clients in the [OpenID Foundation's conformance suite](https://gitlab.com/openid/conformance-suite), module by module. Each module has a test here that checks the same thing; the suite itself is not part of the tests. [What it found on version one](README.md#what-the-conformance-suite-found). [How to read the last column](README.md#the-last-column).

A module that several plans have is listed in the first of them. The plan for FAPI 2.0 Message Signing has all modules of the Security Profile's plan as well; those for configuration and for dynamic registration have \`oidcc-client-test-idtoken-sig-none\`, and the latter has all modules of the former. What stands in brackets behind a name is the variant in which a module or plan is run. Modules that are only run in a national profile, such as Brazil's, are left out of the plan for FAPI 1.0 Advanced.

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
