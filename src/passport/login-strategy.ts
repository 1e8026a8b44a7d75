import type { Request, Response } from 'express'
import type { JSONWebKeySet } from 'jose'
import type { Strategy } from 'passport'
import type { LoginRequest } from '../lib/login-request.js'
import type { LogOutOptions } from '../options/log-out-options.js'

/**
 * What {@link authRouter} and {@link requireLogin} need from a strategy. Every `AuthorizationCodeStrategy` has it, even
 * one from another copy of this package.
 */
export interface LoginStrategy extends Strategy {
  readonly name: string
  readonly callbackURL: string
  accessToken(req: LoginRequest): Promise<string>
  checkLogin(req: LoginRequest, wanted: object): Promise<void>
  startLogin(req: Request, res: Response, options?: object, further?: object): Promise<void>
  logOut(req: LoginRequest, options?: LogOutOptions): Promise<string | undefined>
  finishLogOut(req: LoginRequest): string | undefined
  backchannelLogout(req: LoginRequest): Promise<void>
  readonly takesFrontchannelLogout: boolean
  frontchannelLogout(req: LoginRequest): Promise<boolean>
  jwks(): Promise<JSONWebKeySet | undefined>
}
