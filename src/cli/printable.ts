import { FURTHER_SECRETS } from './settings.js'
import { printableText } from '../lib/provider-text.js'
import { OPTIONS } from '../options/read-options.js'
import type { Option } from '../options/option-table.js'

/** The shortest text that counts as a secret. Shorter ones would blank out ordinary words. */
const SHORTEST_SECRET = 6

/** User name and password of an address, up to the last `@` before its path. */
const CREDENTIALS = /(?<scheme>[a-z][a-z\d+.-]*:\/\/)[^\s/?#]*@/gi

/** The same without a scheme, as in `somebody:secret@host`. */
const BARE_CREDENTIALS = /(?<![^\s"'(=,])[^\s/?#:@"'(=,]+:[^\s/?#@]+@(?=[^\s@])/g

/** An address with an `@` somewhere. */
const ADDRESS = /[a-z][a-z\d+.-]*:\/\/\S*@\S*/gi

/**
 * Makes one line of text that can be printed, whatever it was made of: options, the environment, or what a provider, an
 * application or a store has answered. Everything that `doctor` finds goes through it.
 *
 * Passwords in addresses, JWTs and `secrets` become `…`; control characters and line ends become spaces, so that nobody
 * else can write lines of their own or command the terminal.
 *
 * @param secrets values that must not be printed; those with fewer than 6 characters are ignored
 */
export function printable(text: string, secrets: readonly string[] = []): string {
  const known = secrets.filter(({ length }) => length >= SHORTEST_SECRET)
  // Addresses first: a secret that is taken out of one would leave no address behind.
  return printableText(withoutCredentials(text), known)
}

/** Replaces user name and password in all addresses of a text. */
function withoutCredentials(text: string): string {
  return (
    text
      .replace(CREDENTIALS, '$<scheme>…@')
      // A password with a slash or a question mark that is not encoded makes an address that is none.
      .replace(ADDRESS, (address) =>
        URL.canParse(address) ? address : address.replace(/:\/\/.*@/, '://…@'),
      )
      .replace(BARE_CREDENTIALS, '…@')
  )
}

/** The secrets in a set of options, as far as they are text. */
export function secretsOfOptions(options: object): readonly string[] {
  const given = options as Readonly<Record<string, unknown>>
  return Object.entries<Option>(OPTIONS)
    .filter(([name, { secret }]) => secret === true || FURTHER_SECRETS.includes(name))
    .flatMap(([name]) => [given[name]].flat())
    .filter((value) => typeof value === 'string')
}

/** A secret of the environment in all its parts: the items of a list, and the password of an address. */
export function partsOfSecret(secret: string): readonly string[] {
  return [secret, ...secret.split(','), ...passwordsIn(secret)]
}

/** The password of an address, as it is written and as it is meant. */
export function passwordsIn(address: string): readonly string[] {
  const passwords = URL.canParse(address) ? [new URL(address).password] : []
  const decoded = passwords.map((password) => {
    try {
      return decodeURIComponent(password)
    } catch {
      return password
    }
  })
  return [...passwords, ...decoded]
}
