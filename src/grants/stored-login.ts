/** What a login has stored. */
export interface StoredLogin {
  readonly id: string
  /**
   * The grant that has the tokens, if it survives the login, and the line that the login has started there: `undefined` if
   * its tokens were added to another.
   */
  readonly joined?: { readonly grant: string; readonly line: string | undefined }
}
