/** The type of the option `parseAuthorizationError`. */
export type ParseAuthorizationError = (
  response: Readonly<Record<string, string>>,
) =>
  | { readonly error?: string | undefined; readonly error_description?: string | undefined }
  | undefined
