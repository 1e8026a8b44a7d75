import { html, type Content, type Html } from '../html.js'

/** One of the providers. */
export type TenantName = 'askara' | 'jiko' | 'openid' | 'notes'

/** Whose pages these are. */
export interface ProviderLook {
  readonly tenant: TenantName
  readonly displayName: string
}

/** The page that asks who is there. Any name will do, and there is no password. */
export function loginPage(
  look: ProviderLook,
  { action, name }: { readonly action: string; readonly name: string },
): Html {
  return page(
    look,
    `Log in to ${look.displayName}`,
    html`
      <p>Type any name: whoever you say you are, you are.</p>
      <form method="post" action="${action}/login">
        <label for="name">Your name</label>
        <input
          id="name"
          name="name"
          value="${name}"
          maxlength="80"
          autocomplete="username"
          required
          autofocus
        />
        <button class="primary">Log in</button>
      </form>
    `,
  )
}

/** The page that asks whether the application may have what it wants. */
export function consentPage(
  look: ProviderLook,
  {
    action,
    application,
    name,
    scopes,
  }: {
    readonly action: string
    /** What the client calls itself. */
    readonly application: string
    readonly name: string
    readonly scopes: readonly string[]
  },
): Html {
  return page(
    look,
    `Allow ${application}?`,
    html`
      <p>
        You are <strong>${name}</strong>.
        <a href="${action}?switch">Someone else?</a>
      </p>
      <p>${application} asks to:</p>
      <ul class="scopes">
        ${scopes.map((words) => html`<li>${words}</li>`)}
      </ul>
      <form method="post" action="${action}/consent" class="choice">
        <button class="primary" name="decision" value="allow">Allow</button>
        <button name="decision" value="deny">Deny</button>
      </form>
    `,
  )
}

/**
 * The page that asks whether the person wants to be logged out of the provider as well.
 *
 * @param xsrf oidc-provider's form, without buttons
 */
export function logoutPage(
  look: ProviderLook,
  xsrf: { readonly action: string; readonly secret: string },
): Html {
  return page(
    look,
    `Log out of ${look.displayName}?`,
    html`
      <p>
        Every site that you have logged in to with ${look.displayName} is told, and logs you out.
      </p>
      <form method="post" action="${xsrf.action}" class="choice">
        <input type="hidden" name="xsrf" value="${xsrf.secret}" />
        <button class="primary" name="logout" value="yes">Log out</button>
        <button>Stay logged in</button>
      </form>
    `,
  )
}

/** The page after a logout that no application has asked for. */
export function loggedOutPage(look: ProviderLook): Html {
  return page(
    look,
    `You are logged out of ${look.displayName}`,
    html`<p>The sites that you have logged in to from here have been told.</p>`,
  )
}

/** The page for a request that cannot lead back to an application, in the provider's own words. */
export function faultPage(
  look: ProviderLook,
  { error, description }: { readonly error: string; readonly description: string | undefined },
): Html {
  return page(
    look,
    'This request cannot be answered',
    html`
      <p>${description ?? 'The application that sent you here asked for something impossible.'}</p>
      <p class="quiet"><code>${error}</code></p>
    `,
  )
}

function page({ tenant, displayName }: ProviderLook, title: string, content: Content): Html {
  return html`<!doctype html>
    <html lang="en" class="provider ${tenant}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      </head>
      <body>
        <main class="card">
          <p class="brand">${displayName}</p>
          <h1>${title}</h1>
          ${content}
        </main>
        <footer>
          ${isOfExample(tenant) ? html`A part of this example.` : html`A local stand-in for ${displayName}.`}
          Nothing you type here leaves your computer.
        </footer>
      </body>
    </html>`
}

/** Whether it stands for no real company. */
function isOfExample(tenant: TenantName): boolean {
  return tenant === 'openid' || tenant === 'notes'
}
