/** What the provider has answered to a refresh that failed. */
export interface Failure {
  /** Random. */
  readonly id: string
  /** The line whose refresh has failed. */
  readonly line: string
  /** The key of the use that the provider refuses; `undefined` if the failure is of the whole line. */
  readonly use?: string | undefined
  /** How many token requests have failed one after the other. */
  readonly attempts: number
  /** How long no further token request is sent, in **milliseconds**. */
  readonly forMs: number
  /** The same as a time of the writer's clock, in **milliseconds since the epoch**. */
  readonly until: number
  readonly message: string
  readonly facts: FailureFacts
}

/** The facts of an error, without its cause. */
export interface FailureFacts {
  readonly phase: string
  readonly httpStatus?: number | undefined
  readonly networkCode?: string | undefined
  readonly error?: string | undefined
  readonly errorDescription?: string | undefined
  readonly grantRefused?: boolean | undefined
}
