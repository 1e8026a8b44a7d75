/** The longest time that a provider is believed to need, in **milliseconds**. */
const MAXIMUM_RETRY_AFTER_MS = 15 * 60 * 1000

const DAY = '(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?'
const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
const TIME = '\\d{2}:\\d{2}:\\d{2}'

/** An HTTP date in the format of today, or in one of the two old ones that recipients must accept. */
const HTTP_DATE = new RegExp(
  `^(?:${DAY}, \\d{2}([ -])${MONTH}\\1(?:\\d{2}|\\d{4}) ${TIME} GMT|${DAY} ${MONTH} [ \\d]\\d ${TIME} \\d{4})$`,
)

/**
 * How long the provider asks to wait before the next request, in **milliseconds**, at most 15 minutes; `undefined` if it does
 * not say, or says something else than a time to come.
 *
 * @param now the time of day here, in **milliseconds since the epoch**, for answers that do not say what time it is there
 * @see [RFC 9110, section 10.2.3 - Retry-After](https://www.rfc-editor.org/rfc/rfc9110.html#section-10.2.3)
 */
export function retryAfterMs(
  { headers }: { readonly headers: Readonly<Record<string, string | string[] | undefined>> },
  now = Date.now(),
): number | undefined {
  const value = first(headers['retry-after'])
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, MAXIMUM_RETRY_AFTER_MS)
  const until = httpDate(value)
  if (until === undefined) return undefined
  // Both dates come from the provider's clock, which need not be right.
  const waitMs = until - (httpDate(first(headers['date'])) ?? now)
  return waitMs < 0 ? undefined : Math.min(waitMs, MAXIMUM_RETRY_AFTER_MS)
}

function first(value: string | string[] | undefined): string | undefined {
  return (Array.isArray(value) ? value[0] : value)?.trim()
}

/** @see [RFC 9110, section 5.6.7 - Date/Time Formats](https://www.rfc-editor.org/rfc/rfc9110.html#section-5.6.7) */
function httpDate(value: string | undefined): number | undefined {
  if (value === undefined || !HTTP_DATE.test(value)) return undefined
  // The oldest format leaves out the time zone.
  const time = Date.parse(value.endsWith(' GMT') ? value : `${value} GMT`)
  return Number.isNaN(time) ? undefined : time
}
