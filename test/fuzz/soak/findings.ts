import { PAGE_MARKER } from './messages.js'
import type { Secrets } from './secrets.js'

/** Something that must not happen, and what was sent then. */
export interface Violation {
  readonly what: string
  readonly details: string
  /** The attack that found it, or all that were under way. */
  readonly input: unknown
}

/** What is known about everything that has been sent. */
export interface Findings {
  readonly violations: Violation[]
  /** How many attacks of each kind. */
  readonly attacks: Map<string, number>
  /** How many requests, attacks and what leads to them. */
  readonly requests: { count: number }
  /** How often each status was answered. */
  readonly statuses: Map<string, number>
  /** How often each code of an error was answered; the page for people has none. */
  readonly codes: Map<string, number>
  /** How often an attacker was logged in, as somebody whom the provider had let in. */
  readonly logins: { count: number }
}

/** Creates empty findings. */
export function createFindings(): Findings {
  return {
    violations: [],
    attacks: new Map(),
    requests: { count: 0 },
    statuses: new Map(),
    codes: new Map(),
    logins: { count: 0 },
  }
}

/** Adds one to a count. */
export function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/**
 * What is wrong with bytes that a stranger got: a secret, or a page behind `requireLogin`.
 *
 * @param mayBe the person whose pages the visitor may see; `undefined`: nobody's
 */
export function wrongIn(text: string, secrets: Secrets, mayBe: string | undefined): string[] {
  const found = secrets.foundIn(text).map((secret) => `a secret was answered: ${secret}`)
  const people = [...text.matchAll(new RegExp(`${PAGE_MARKER}([\\w-]*)`, 'g'))]
  const foreign = people.filter(([, person]) => person !== mayBe)
  return [...new Set([...found, ...foreign.map(([page]) => `a stranger got a page: ${page}`)])]
}
