// The README's app, with spans of OpenTelemetry that a test can read. Bundlers make one file of it.
import { trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import express from 'express'
import session from 'express-session'
import passport from 'passport'
import {
  AuthorizationCodeStrategy,
  authRouter,
  discover,
  LoginRequiredError,
  requireLogin,
} from 'passport-authorization-code'

const exporter = new InMemorySpanExporter()
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()

// A function, because a CommonJS bundle cannot await at its top level.
async function main() {
  const { APP_URL, CLIENT_ID, CLIENT_SECRET, ISSUER, PORT, SESSION_SECRET } = process.env
  const provider = await discover(ISSUER)
  const strategy = new AuthorizationCodeStrategy({
    ...provider,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    scope: 'openid email profile',
    callbackURL: `${APP_URL}/auth/callback`,
  })

  const app = express()
  app.use(
    session({
      secret: SESSION_SECRET,
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: 'lax', secure: 'auto' },
    }),
  )
  app.use(passport.session())
  app.use('/auth', authRouter(strategy))

  app.get('/me', requireLogin({ loginPath: '/auth/login', strategy }), async (req, res) => {
    const answer = await strategy.fetch(req, provider.profileURL)
    res.json(await answer.json())
  })
  app.get('/spans', (_req, res) => {
    const active = trace.getActiveSpan() !== undefined
    res.json({ active, names: exporter.getFinishedSpans().map(({ name }) => name) })
  })

  app.use((error, req, res, next) => {
    if (!(error instanceof LoginRequiredError)) return next(error)
    res.redirect(`/auth/login?return_to=${encodeURIComponent(req.originalUrl)}`)
  })

  app.listen(PORT, '127.0.0.1', () => console.log(`Open ${APP_URL}`))
}

main()
