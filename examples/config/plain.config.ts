import { defineConfig } from 'reprise-server'

export default defineConfig({ port: 8080, corsOrigins: ['https://app.example.com'] })
