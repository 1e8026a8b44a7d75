import { tryGitHub } from '../support/github-donor.js'

tryGitHub('passport-github2')
