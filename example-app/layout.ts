import { html, type Content, type Html } from './html.js'

/** Which provider something is about. */
export type ProviderName = 'askara' | 'jiko' | 'openid'

/** How the providers are called in sentences. */
export const DISPLAY_NAMES: Readonly<Record<ProviderName, string>> = {
  askara: 'Askara',
  jiko: 'Jiko',
  openid: 'Example ID',
}

/** What every page is made of. */
export interface PageParts {
  readonly title: string
  /** The page's own address, to mark it in the menu. */
  readonly path?: string
  readonly provider?: ProviderName | undefined
  readonly content: Content
}

/** A whole document around a page's content. */
export function page({ title, path, provider, content }: PageParts): Html {
  const link = (href: string, name: string) =>
    html`<a href="${href}" ${href === path && html`aria-current="page"`}>${name}</a>`

  return html`<!doctype html>
    <html lang="en" class="${provider}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Example App</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      </head>
      <body>
        <header>
          <nav class="site" aria-label="Site">
            <a class="name" href="/"><img src="/icon.svg" alt="" />Example App</a>
            ${link('/askara', 'Profile')} ${link('/jiko', 'Pockets')}
            ${link('/logins', 'Your logins')} ${link('/servers', 'Servers')}
            ${link('/report', 'Report')}
          </nav>
        </header>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
        <footer>Made with <code>passport-authorization-code</code>.</footer>
      </body>
    </html>`
}

/** A button that logs out, as the library's router expects it. */
export function logoutForm(name: ProviderName): Html {
  return html`<form method="post" action="/auth/${name}/logout">
    <button>Log out</button>
  </form>`
}

/** A day and a moment, in UTC. */
export function dayAndTime(at: number): Html {
  const date = new Date(at).toISOString()
  return html`<time datetime="${date}">${date.slice(0, 10)}, ${date.slice(11, 16)} UTC</time>`
}

/** A moment, in UTC. */
export function time(at: number): Html {
  const date = new Date(at).toISOString()
  return html`<time datetime="${date}">${date.slice(11, 19)} UTC</time>`
}
