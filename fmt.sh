#!/bin/sh
# Formats every Java file.
set -eu
cd "$(dirname "$0")"
. .mvn/jdk.sh
jdk_find
JAVA_HOME=$jdk exec ./mvnw -q -B -ntp spotless:apply "$@"
