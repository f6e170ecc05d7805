import { type ChildProcess, spawn } from 'node:child_process'

/**
 * A small shell that outlives this process: it reads which servers and directories belong to it, and when the pipe
 * closes – however this process ended, by SIGKILL too – it ends the servers and removes the directories.
 */
const script = `
trap '' INT TERM HUP
servers=' '; directories=''
while read -r verb value; do
  case "$verb" in
    server) servers="$servers$value " ;;
    ended) servers=$(printf '%s' "$servers" | sed "s/ $value / /") ;;
    directory) directories="$directories $value" ;;
    removed) directories=$(printf '%s ' $directories | sed "s# *$value # #") ;;
  esac
done
for server in $servers; do kill -QUIT "$server"; kill -CONT "$server"; done
[ -n "\${servers# }" ] && sleep 0.5
for server in $servers; do kill -KILL "$server"; done
for directory in $directories; do rm -rf "$directory"; done
`

let guardian: ChildProcess | undefined

function tell(line: string): void {
  if (guardian === undefined) {
    guardian = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    guardian.unref()
    const pipe = guardian.stdin
    // A pipe of a child is a socket, which would otherwise keep the event loop alive.
    if (pipe !== null && 'unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
    pipe?.on('error', () => {})
  }
  guardian.stdin?.write(`${line}\n`)
}

/** Servers and directories that must not outlive this process. */
export const guard = {
  server: (pid: number) => tell(`server ${pid}`),
  ended: (pid: number) => tell(`ended ${pid}`),
  directory: (path: string) => tell(`directory ${path}`),
  removed: (path: string) => tell(`removed ${path}`),
}
