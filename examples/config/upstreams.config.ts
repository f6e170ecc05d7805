import { defineConfig } from 'reprise-server'

export default defineConfig({
  upstreamBaseUrl: 'https://api.openai.com/v1',
  upstreams: {
    anthropic: { baseUrl: 'https://api.anthropic.com', models: ['claude-'] },
    local: { baseUrl: 'http://127.0.0.1:11434/v1', models: ['llama', 'qwen'] },
  },
})
