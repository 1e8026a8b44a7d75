/**
 * Whether a host name or IP address belongs to this machine's loopback interface: `localhost` and its subdomains,
 * `127.0.0.0/8` and `::1`. The IPv6 address may be in brackets, as in a URL.
 *
 * Nothing is looked up, so a name that DNS resolves to a loopback address is not one.
 *
 * @see [RFC 6761, section 6.3 - Domain Name Reservation Considerations for "localhost."](https://www.rfc-editor.org/rfc/rfc6761.html#section-6.3)
 */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    host === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(host)
  )
}
