/** The methods that Passport adds to a strategy for one request. */
export interface PassportActions {
  readonly success: (user: object, info: object) => void
  readonly fail: (challenge: object, status: number) => void
  readonly redirect: (url: string) => void
  readonly error: (error: unknown) => void
}
