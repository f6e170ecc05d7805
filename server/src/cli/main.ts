// Any Node that knows modules can read this file; newer language comes with the program, after the check.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 15)) {
  const { keepTickShape } = await import('../tick-shape.ts')
  keepTickShape()
  const { keepCompiledCode } = await import('../compiled-code.ts')
  keepCompiledCode()
  const { runProgram } = await import('./program.ts')
  await runProgram(process.argv)
} else {
  process.stderr.write(
    `reprise needs Node.js 22.15 or newer, and this is ${process.versions.node}. ` +
      'In a checkout, `npm ci && npm start` brings a Node of its own; `npx reprise` there uses it too.\n',
  )
  process.exitCode = 2
}

export {}
