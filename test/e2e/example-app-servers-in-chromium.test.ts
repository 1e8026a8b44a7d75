import { expect, it, jest } from '@jest/globals'
import '../support/own-realm.js'
import { setExampleScene } from '../support/example-app-scene.js'
import { clickThrough, finishLogin, heading, logIn } from '../support/example-app.js'
import { startHostileServer } from '../support/hostile-mcp-server.js'
import { describeWithChromium } from '../support/requirements.js'

jest.setTimeout(60_000)

describeWithChromium('the example app’s servers, in a real browser,', (executable) => {
  const scene = setExampleScene(executable)
  const { click, open } = scene

  it('are connected, called, allowed more, called at night, and disconnected', async () => {
    const { page } = scene
    await logIn(page, scene.app.url, 'Askara')
    await click('Servers')
    await click('Connect')
    await clickThrough(page.getByRole('button', { name: /^Go to 127\.0\.0\.1:/ }))
    await finishLogin(page)
    await page.waitForURL(`${scene.app.url}/servers`)
    expect(await scene.text()).toContain('notes:read')

    await click('Tools')
    await click('Call current_time')
    expect(await scene.text()).toMatch(/current_time says\s+It is \d\d:\d\d:\d\d UTC\./)

    await page.getByLabel('What to note').fill('Buy brass')
    await click('Call add_note')
    expect(await page.locator('body').innerText()).toContain('notes:read, notes:write')
    await clickThrough(page.getByRole('button', { name: /^Go to/ }))
    await finishLogin(page)
    await page.getByLabel('What to note').fill('Buy brass')
    await click('Call add_note')
    expect(await scene.text()).toContain('Noted. You have 1 of them.')

    await clickThrough(page.locator('.tool', { hasText: 'list_notes' }).getByText('Every night'))
    await click('Run now')
    expect(await scene.text()).toMatch(/Every night\s+list_notes: Buy brass/)
    await click('Disconnect')
    expect(await scene.text()).not.toContain('Example Notes')
    expect(scene.granted.filter((one) => one.startsWith('notes'))).toEqual([
      'notes authorization_code 200',
      'notes authorization_code 200',
    ])
  })

  it('run nothing in it, whatever they say', async () => {
    const { page } = scene
    const hostile = await startHostileServer()
    let dialogs = 0
    page.on('dialog', (dialog) => {
      dialogs += 1
      void dialog.dismiss()
    })
    try {
      await logIn(page, scene.app.url, 'Askara')
      await open('/servers')
      await page.getByLabel('Its address').fill(hostile.address)
      await click('Connect')
      await clickThrough(page.getByRole('button', { name: /^Go to/ }))
      await page.waitForURL(`${scene.app.url}/servers`)
      await click('Tools')
      expect(await heading(page)).toContain('alert(1)')
      await clickThrough(page.getByRole('button', { name: /^Call/ }))
      expect(await scene.text()).toContain('Result ">')
      expect(await page.locator('script, img[src="x"]').count()).toBe(0)
      expect(dialogs).toBe(0)
    } finally {
      await hostile.close()
    }
  })
})
