#!/bin/sh
# What a change has to pass: compiles without warnings, all tests, and the format. Runs Maven on
# JDK 25, because the formatter needs it there.
set -eu
cd "$(dirname "$0")"
. .mvn/jdk.sh
jdk_find
JAVA_HOME=$jdk exec ./mvnw -B -ntp verify "$@"
