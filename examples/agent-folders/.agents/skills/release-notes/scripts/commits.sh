#!/bin/sh
# Commits since a tag, or all of them: commits.sh [TAG]
exec git log --no-merges --format='%h %s' ${1:+"$1.."}
