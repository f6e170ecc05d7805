import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../../testbed/available.ts'
import { openBrowser, openPage } from './browser.ts'
import { embedTexts, startWorld, type World } from './world.ts'

const manyKeys = 10_000
const mostBytes = 150_000
/** A frame that takes longer is seen to stand still, on a machine that others use too. */
const frozenMs = 200

describeWith(['chromium'], 'the speed of the dashboard', () => {
  let [world, browser]: [World?, Browser?] = []
  beforeAll(async () => {
    world = await startWorld()
    browser = await openBrowser()
    for (let first = 0; first < manyKeys; first += 1_000)
      await embedTexts(
        world,
        Array.from({ length: 1_000 }, (_, place) => `text ${first + place}`),
      )
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await world?.[Symbol.asyncDispose]()
  })
  const parts = () => {
    if (world === undefined || browser === undefined) throw new Error('The world did not start.')
    return { url: world.server.url, browser }
  }

  test('E3 the first load is at most 150 KB with gzip, and less with brotli', async () => {
    const { url } = parts()
    const page = await (await fetch(`${url}/admin/cache`)).text()
    const files = [
      '',
      ...(page.match(/\/admin\/cache\/[\w./-]+/g) ?? []).map(path => path.slice('/admin/cache'.length)),
    ]
    expect(files.length).toBeGreaterThanOrEqual(5)
    const bytesAs = async (encoding: string) => {
      const answers = await Promise.all(
        files.map(file => fetch(`${url}/admin/cache${file}`, { headers: { 'accept-encoding': encoding } })),
      )
      for (const answer of answers) expect(answer.headers.get('content-encoding')).toBe(encoding)
      return answers.reduce((sum, { headers }) => sum + Number(headers.get('content-length')), 0)
    }
    const [gzip, brotli] = [await bytesAs('gzip'), await bytesAs('br')]
    console.log(`first load: ${gzip} bytes with gzip, ${brotli} with brotli, ${files.length} files`)
    expect(gzip).toBeLessThanOrEqual(mostBytes)
    expect(brotli).toBeLessThan(gzip)
  })

  test('E3 the page can be used soon after it was asked for, with nothing in the browser’s cache', {
    timeout: 120_000,
  }, async () => {
    const { url, browser: chromium } = parts()
    const times: number[] = []
    // Whoever else uses the machine may slow some rounds down, but not make one fast that is not.
    while (times.length < 12 && !(Math.min(...times) <= 1_000)) {
      await using opened = await openPage(chromium, url)
      await opened.goTo('')
      await opened.page.getByRole('table', { name: 'Caches' }).waitFor()
      times.push(await interactiveMs(opened.page))
    }
    console.log(`interactive with figures after ${times.map(Math.round).join(', ')} ms`)
    expect(Math.min(...times)).toBeLessThanOrEqual(1_000)
  })

  test('E3 a cache of ten thousand keys is searched without a frozen frame', { timeout: 60_000 }, async () => {
    const { url, browser: chromium } = parts()
    await using opened = await openPage(chromium, url)
    const { page } = opened
    await opened.goTo('caches/embeddings')
    await page.getByText('The first 500 of 10,000: narrow the search.').waitFor()
    await watchFrames(page)
    const search = page.getByRole('searchbox')
    await search.pressSequentially('3-small:a', { delay: 60 })
    await expect
      .poll(() =>
        page
          .getByRole('status')
          .filter({ hasText: /keys?$/ })
          .count(),
      )
      .toBeGreaterThan(0)
    await page.getByRole('listbox').hover()
    for (let turn = 0; turn < 20; turn += 1) await page.mouse.wheel(0, 400)
    await search.fill('')
    await page.getByText('The first 500 of 10,000: narrow the search.').waitFor()
    const list = page.getByRole('listbox')
    await list.focus()
    await page.keyboard.press('End')
    await expect.poll(() => list.getByRole('option', { selected: true }).getAttribute('aria-posinset')).toBe('500')
    const { longest, tasks } = await framesOf(page)
    console.log(
      `search: longest frame ${Math.round(longest)} ms, long tasks ${JSON.stringify(tasks.map(Math.round))} ms`,
    )
    expect(longest).toBeLessThan(frozenMs)
    expect(Math.max(0, ...tasks)).toBeLessThan(frozenMs)
  })
})

/** Until the table of caches stood there, since the page was asked for. */
function interactiveMs(page: Page): Promise<number> {
  return page.evaluate(() => {
    const [mark] = performance.getEntriesByName('reprise-figures')
    return mark?.startTime ?? Number.POSITIVE_INFINITY
  })
}

interface Frames {
  longest: number
  readonly tasks: number[]
}

async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    const frames: Frames = { longest: 0, tasks: [] }
    Object.assign(window, { frames })
    new PerformanceObserver(list => {
      for (const { duration } of list.getEntries()) frames.tasks.push(duration)
    }).observe({ type: 'longtask' })
    let before = performance.now()
    const next = (now: number) => {
      frames.longest = Math.max(frames.longest, now - before)
      before = now
      requestAnimationFrame(next)
    }
    requestAnimationFrame(next)
  })
}

function framesOf(page: Page): Promise<Frames> {
  return page.evaluate(() => (window as unknown as { readonly frames: Frames }).frames)
}
