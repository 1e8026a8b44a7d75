import type { ErrorRequestHandler, Express, Response } from 'express'
import session, { MemoryStore } from 'express-session'
import helmet from 'helmet'
import passport from 'passport'
import {
  AuthorizationCodeError,
  AuthorizationCodeStrategy,
  authRouter,
  loginErrorPage,
  LoginRequiredError,
  requireLogin,
  silentLogin,
  StepUpRequiredError,
} from '../../../src/index.js'
import type { AuthorizationCodeOptions } from '../../../src/index.js'
import type { Account, StageOptions } from './stage.js'

/** What {@link furnish} needs. */
export interface Furniture {
  readonly strategy: AuthorizationCodeStrategy
  readonly url: string
  readonly errors: string[]
  readonly account: Account
  readonly options: StageOptions
  /** The API that the page `/api` calls. */
  readonly apiURL: string
}

/** Gives an application its pages, behind helmet and as in production. */
export function furnish(
  app: Express,
  { strategy, url, errors, account, options, apiURL }: Furniture,
): void {
  const loginPath = '/auth/login'
  const noted: ErrorRequestHandler = (error, req, res, next) => {
    errors.push(codeOf(error))
    loginErrorPage(error, req, res, next)
  }
  app.set('env', 'production')
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }))
  app.use(
    session({
      secret: 'a test',
      resave: false,
      saveUninitialized: false,
      store: options.store ?? new MemoryStore(),
    }),
  )
  app.use(passport.session())
  app.use('/auth', authRouter(strategy, { onError: noted, ...options.router }))
  if (options.bank !== undefined) {
    const bank = new AuthorizationCodeStrategy({
      ...(account as AuthorizationCodeOptions),
      ...options.bank,
      name: 'bank',
      callbackURL: `${url}/bank/callback`,
    })
    app.use('/bank', authRouter(bank, { connect: true, onError: noted }))
  }

  app.get('/', (req, res) => {
    show(res, req.user ? 'Home, logged in' : 'Home', [
      ['/page', 'Open the page'],
      ['/bank/login?return_to=/page', 'Connect the bank'],
    ])
  })
  app.get('/page', requireLogin({ loginPath, strategy }), (_req, res) => show(res, 'The page'))
  app.get('/news', silentLogin({ strategy }), (req, res) => {
    show(res, req.user ? 'News for you' : 'News for everybody')
  })
  app.get('/recent', requireLogin({ loginPath, strategy, maxAgeSeconds: 300 }), (_req, res) => {
    show(res, 'The payments')
  })
  app.get('/files', requireLogin({ loginPath, strategy, scope: 'files' }), (_req, res) => {
    show(res, 'The files')
  })
  app.get('/api', (req, res, next) => {
    strategy.fetch(req, apiURL).then(({ status }) => {
      show(res, `The API has answered ${status}`)
    }, next)
  })

  const goAndLogIn: ErrorRequestHandler = (error, req, res, next) => {
    const helps = error instanceof LoginRequiredError || error instanceof StepUpRequiredError
    if (helps) strategy.startLogin(req, res, error).catch(next)
    else next(error)
  }
  const handle: ErrorRequestHandler = (error, req, res, next) => {
    if (res.headersSent) {
      next(error)
      return
    }
    if (!req.path.startsWith('/auth') && !req.path.startsWith('/bank')) errors.push(codeOf(error))
    res.status(error instanceof AuthorizationCodeError ? error.status : 500)
    show(res, 'The application’s own error page')
  }
  app.use(goAndLogIn, handle)
}

const codeOf = (error: unknown): string =>
  error instanceof AuthorizationCodeError ? error.code : (error as Error).message

/** A page with a heading, a button that logs out, and links. */
function show(
  res: Response,
  heading: string,
  links: readonly (readonly [string, string])[] = [],
): void {
  const list = links.map(([href, text]) => `<p><a href="${href}">${text}</a>`).join('')
  const logOut = '<form method="post" action="/auth/logout"><button>Log out</button></form>'
  res.set('cache-control', 'no-store').send(`<!doctype html><h1>${heading}</h1>${list}${logOut}`)
}
