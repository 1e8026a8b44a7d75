import { htmlPage } from './html-page.js'

/** The page for a login that the person or the application refused. */
export function refusedLoginPage(reason: string, loginPath: string): string {
  return htmlPage('You are not logged in', [reason], { loginPath })
}
