import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import ts from 'typescript'
import { CONNECT_OPTIONS } from '../../src/connect/connect-options.js'
import { FLOW_INSPECTOR_OPTIONS } from '../../src/flow-inspector/router.js'
import { GRANTS_OPTIONS } from '../../src/grants/grants-options.js'
import { POSTGRES_GRANTS_OPTIONS } from '../../src/grants/postgres-store.js'
import { REDIS_GRANTS_OPTIONS } from '../../src/grants/redis-store.js'
import { COOKIE_PENDING_LOGINS_OPTIONS } from '../../src/login/cookie-pending-logins.js'
import { CLIENT_OPTIONS } from '../../src/options/client-options.js'
import { METADATA_OPTIONS } from '../../src/options/metadata-option.js'
import type { Option, OptionTable } from '../../src/options/option-table.js'
import { PROVIDER_OPTIONS } from '../../src/options/provider-options.js'
import { REQUEST_OPTIONS } from '../../src/options/request-options.js'
import { SESSION_OPTIONS } from '../../src/options/session-options.js'
import { REQUIRE_LOGIN_OPTIONS } from '../../src/passport/require-login.js'
import { AUTH_ROUTER_OPTIONS } from '../../src/passport/router-options.js'
import { STRATEGY_PER_TENANT_OPTIONS } from '../../src/passport/strategy-per-tenant.js'
import { DISCOVER_OPTIONS } from '../../src/providers/discover.js'
import { GUARD_OPTIONS } from '../../src/session/guard-session-store.js'
import {
  TEST_PROVIDER_OPTIONS,
  TEST_REGISTRATION_OPTIONS,
} from '../../src/testing/provider-options.js'
import { readPublicApi } from './exports.js'

/** Where the page is. */
export const PAGE = fileURLToPath(new URL('../reference/options.md', import.meta.url))

/** One list of options on the page. */
interface Section {
  readonly title: string
  /** The exported type that the table's options are fields of. */
  readonly type: string
  readonly table: OptionTable
}

const STRATEGY: readonly Section[] = [
  { title: 'The provider', type: 'AuthorizationCodeOptions', table: PROVIDER_OPTIONS },
  {
    title: 'Metadata that are read later',
    type: 'AuthorizationCodeOptions',
    table: METADATA_OPTIONS,
  },
  { title: 'Requests to the provider', type: 'AuthorizationCodeOptions', table: REQUEST_OPTIONS },
  { title: 'Your client', type: 'AuthorizationCodeOptions', table: CLIENT_OPTIONS },
  { title: 'Sessions and tokens', type: 'AuthorizationCodeOptions', table: SESSION_OPTIONS },
]

const OTHERS: readonly Section[] = [
  {
    title: '`authRouter(strategy, options)`',
    type: 'AuthRouterOptions',
    table: AUTH_ROUTER_OPTIONS,
  },
  { title: '`requireLogin(options)`', type: 'RequireLoginOptions', table: REQUIRE_LOGIN_OPTIONS },
  {
    title: '`strategyPerTenant(options)`',
    type: 'StrategyPerTenantOptions',
    table: STRATEGY_PER_TENANT_OPTIONS,
  },
  { title: '`discover(issuer, options)`', type: 'DiscoverOptions', table: DISCOVER_OPTIONS },
  {
    title: '`cookiePendingLogins(options)`',
    type: 'CookiePendingLoginsOptions',
    table: COOKIE_PENDING_LOGINS_OPTIONS,
  },
  { title: '`guardSessionStore(store, options)`', type: 'GuardOptions', table: GUARD_OPTIONS },
  { title: '`new RedisGrants(options)`', type: 'RedisGrantsOptions', table: REDIS_GRANTS_OPTIONS },
  {
    title: '`new PostgresGrants(options)`',
    type: 'PostgresGrantsOptions',
    table: POSTGRES_GRANTS_OPTIONS,
  },
  { title: '`new Grants(store, options)`', type: 'GrantsOptions', table: GRANTS_OPTIONS },
  { title: '`connectResources(options)`', type: 'ConnectOptions', table: CONNECT_OPTIONS },
  {
    title: '`flowInspector(strategy, options)`',
    type: 'FlowInspectorOptions',
    table: FLOW_INSPECTOR_OPTIONS,
  },
  {
    title: '`startTestProvider(options)`',
    type: 'TestProviderOptions',
    table: TEST_PROVIDER_OPTIONS,
  },
  {
    title: '`provider.register(addresses)`',
    type: 'TestRegistration',
    table: TEST_REGISTRATION_OPTIONS,
  },
]

/**
 * The reference of all options, as Markdown: from the tables, their comments and their types.
 *
 * @throws {Error} if the `@default` of a comment is not the default of its entry
 */
export async function render(): Promise<string> {
  const fieldOf = createFieldReader()
  const renderSection = (section: Section, level: string): string => {
    const options = Object.entries(section.table).map(([name, option]) =>
      renderOption(name, option, fieldOf(section.type, name), `${level}#`),
    )
    return [`${level} ${section.title}`, ...options].join('\n\n')
  }
  const page = [
    '# Options',
    'This page is made from the tables in `src/options`, and from those beside each function that takes options. Change a table, then run `npm run docs:reference`.',
    'Options are checked once, at start. An option that is unknown, missing or cannot be used throws a `ConfigurationError` that names it.',
    '## `new AuthorizationCodeStrategy(options)`',
    ...STRATEGY.map((section) => renderSection(section, '###')),
    ...OTHERS.map((section) => renderSection(section, '##')),
  ].join('\n\n')
  return format(page, { ...(await resolveConfig(PAGE)), parser: 'markdown' })
}

/** What the compiler knows about one option. */
interface Field {
  readonly type: string
  readonly description: string
  readonly defaultText: string | undefined
  readonly links: readonly string[]
}

/** Returns a function that reads a field of an exported type. */
function createFieldReader(): (type: string, field: string) => Field {
  const { checker, exports } = readPublicApi()

  return (typeName, name) => {
    const symbol = exports.find((one) => one.name === typeName)?.symbol
    const type = symbol && checker.getDeclaredTypeOfSymbol(symbol)
    const field = type?.getProperty(name)
    if (field === undefined) throw new Error(`${typeName} has no ${name}, or is not exported.`)
    const tags = field.getJsDocTags(checker)
    const textsOf = (tag: string): readonly string[] =>
      tags
        .filter((one) => one.name === tag)
        .map((one) => ts.displayPartsToString(one.text).replace(/\{@link (\S+)\}/g, '`$1`'))
    return {
      type: checker.typeToString(
        checker.getTypeOfSymbol(field),
        undefined,
        ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope,
      ),
      description: ts.displayPartsToString(field.getDocumentationComment(checker)),
      defaultText: textsOf('default')[0],
      links: textsOf('see'),
    }
  }
}

function renderOption(name: string, option: Option, field: Field, level: string): string {
  if (field.description === '') throw new Error(`${name} has no description.`)
  const facts = [
    `\`${typeText(option, field)}\``,
    option.required ? 'required' : '',
    defaultOf(name, option, field),
    option.needs === undefined ? '' : `needs \`${option.needs}\``,
  ].filter((fact) => fact !== '')
  const see = field.links.length === 0 ? [] : [`See ${field.links.join(', ')}.`]
  return [`${level} \`${name}\``, facts.join(' · '), field.description, ...see].join('\n\n')
}

/** The type without what says that an option may be left out, quoted as in the rest of the documents. */
function typeText(option: Option, { type }: Field): string {
  const given = option.required ? type : type.replace(/ \| undefined$/, '')
  const isOneFunction = given.startsWith('((') && !given.includes(') | ')
  return (isOneFunction ? given.slice(1, -1) : given).replaceAll('"', "'")
}

/** The default in words, which must begin with the entry's own where that is a plain value. */
function defaultOf(name: string, option: Option, { defaultText }: Field): string {
  const hasDefault = option.default !== undefined || option.defaultFrom !== undefined
  if (defaultText === undefined) {
    if (hasDefault) throw new Error(`The comment on ${name} has no @default.`)
    return ''
  }
  const literal = literalOf(option.default)
  if (literal === undefined) {
    return `default: ${defaultText.replace(/(?<!\w)'\w+'(?!\w)/g, '`$&`')}`
  }
  const [written = '', ...rest] = splitDefault(defaultText)
  // Numbers may be written with separators.
  if (written !== literal && written.replaceAll('_', '') !== literal) {
    throw new Error(`The comment on ${name} says @default ${written}, and its entry ${literal}.`)
  }
  return [`default: \`${written}\``, ...rest].join(' ')
}

/** `60 (1 minute)` is the value and the words after it; a string may have spaces. */
function splitDefault(text: string): readonly string[] {
  const [, value = '', rest = ''] = /^('[^']*'|\S+)\s*([^]*)$/.exec(text) ?? []
  return rest === '' ? [value] : [value, rest]
}

/** A plain value as it is written in TypeScript; `undefined` for all others. */
function literalOf(value: unknown): string | undefined {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0
  return isEmpty ? JSON.stringify(value) : undefined
}
