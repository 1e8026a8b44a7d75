import type { Response } from 'express'
import type { Html } from './html.js'

/** Sends a page. */
export function send(res: Response, page: Html): void {
  // What one person saw must not be in the back button of the next.
  res.set('cache-control', 'no-store').type('html').send(page.toString())
}
