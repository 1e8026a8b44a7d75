import helmet from 'helmet'

/** Headers for pages of ours: nothing but our own style, and nobody's frame. */
export function pageHeaders(callbackOrigins: readonly string[]) {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'", ...callbackOrigins],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: false,
  })
}
