"""Write probes.jsonl: small templates and what Python's jinja2 renders in the mode of transformers.

    python3 make_probes.py > probes.jsonl

The first line holds the context that all probes share. A probe that Python refuses has "error"
in place of "expected".
"""
import datetime
import json
import pathlib

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


HERE = pathlib.Path(__file__).parent
NOW = datetime.datetime(2025, 3, 7, 14, 5, 9)
ENV = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
)
ENV.filters["tojson"] = tojson
ENV.globals["raise_exception"] = raise_exception
ENV.globals["strftime_now"] = lambda format: NOW.strftime(format)

CONTEXT = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "add_generation_prompt": True,
    "messages": [
        {"role": "system", "content": "Be é <b> 'kind'."},
        {"role": "user", "content": "hi", "name": "Zoë"},
        {"role": "assistant", "content": "<think>x</think>\n\nhello"},
        {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"type": "function", "function": {"name": "f", "arguments": {"a": 1, "b": "x y"}}}
            ],
        },
        {"role": "tool", "content": "22 °C"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "Do \"it\" & more",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "a": {"type": "integer", "description": "An a", "default": 1.0},
                        "b": {"type": ["string", "null"], "enum": ["x", "y"]},
                        "items": {"type": "array", "items": {"type": "number"}},
                    },
                    "required": ["a"],
                },
            },
        }
    ],
    "nothing": None,
    "big": 12345678901234567890123,
    "real": 2.5,
    "numbers": [3, 1, 2],
    "words": ["b", "A", "c", "a"],
    "mixed": {"b": 1, "A": 2, "c": [1, {"d": None}]},
    "whale": "a🐋b",
    "people": [
        {"name": "ann", "age": 30, "tags": ["x", "y"]},
        {"name": "Bob", "age": 25, "tags": []},
        {"name": "cid", "age": 30, "tags": ["z"]},
    ],
}

GROUPS = {
    "space": r"""
a {% if true %} b {% endif %} c
  {% if true %}x{% endif %}  y
a\n  {%- if true -%}  \n b \n  {%- endif %}\n c
  {%+ if true %}x{% endif +%}\n y
{% if true +%}\nx{% endif %}
{% if true %}\n\nx{% endif %}\n\n
  {# comment #}\nx
a {#- comment -#} b
a\n    {# comment #}  \nb
  {{ 1 }}\n  {{- 2 -}}  \n 3
{{ 1 }}\n{{ 2 }}\n
x\n\n
{% raw %}\n {{ x }} {% if %}{% endraw %}\ny
a {%- raw -%} {{ x }} {%- endraw -%} b
{% raw %}a{%- endraw %} b
  {% raw %}\nz  {% endraw %}\nw
{%- set x = 1 -%}\n\n {{ x }}
{% for i in [1,2] %}\n  {{ i }}\n{% endfor %}\nend
  {%- for i in [1,2] %}\n  {{- i }}\n  {%- endfor %}\n
{%if true%}a{%else%}b{%endif%}
{{1}}{{-2}}{{+3}}
a\r\nb\rc{% if true %}\r\nd{% endif %}
{{ '{{' }}{{ '}}' }}{{ "{%" }}
{{ {'a': {'b': 1}}.a.b }}{{ {'a':{}} }}
{% set x %}\n  a\n{% endset %}\n[{{ x }}]
text with { braces } and {% if true %}{ %}{% endif %}
\t{% if true %}\tx\t{% endif %}\t
\u00a0{% if true %}x{% endif %}
{{ "a" }} {#- x #} {{ "b" }}
{# {{ x }} {% if %} #}ok
{#-#}a{#+ x +#}\nb
{% if true %}a{% endif -%}\n\n  b
{{ 'a'\n  ~ 'b' }}
{%- if true -%} a {%- else -%} b {%- endif -%}
{% if true: %}x{% endif %}
{% print 1, 'a' %}{% print none %}
""",
    "literal": r"""
{{ 1_000 }} {{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1e3 }} {{ 1.5e-7 }} {{ 1_0.5 }}
{{ 'a' "b" 'c' }}
{{ 'it\'s' }}{{ "say \"x\"" }}{{ '\\' }}{{ '\d' }}{{ '\x41\u00e9\U0001F40B\101' }}
{{ 'tab\there' }}|{{ 'nl\\nx' }}|{{ 'a\
b' }}
{{ '\N{BULLET}' }}
{{ [] }}{{ () }}{{ {} }}{{ (1,) }}{{ (1, 2) }}{{ 1, 2 }}{{ [1,] }}
{{ true }}{{ True }}{{ none }}{{ None }}{{ False }}
{{ {'a': 1, 'a': 2, 1: 'x', 1.0: 'y', true: 'z', none: 0, (1,2): 3} }}
{{ 'é🐋' }}{{ "\u2028"|tojson }}
{{ 1.0 }} {{ 100000000000000000.0 }} {{ 1e16 }} {{ 9999999999999998.0 }} {{ 0.0001 }} {{ 0.00001 }} {{ 1e22 }} {{ 5e-324 }} {{ 2e-323 }}
{{ 0.1 + 0.2 }} {{ 1/3 }} {{ 1e100 }} {{ 123456789.123456789 }} {{ -0.0 }} {{ 1e400 }} {{ -1e400 }}
{{ big }} {{ big * big }} {{ 2 ** 100 }} {{ -big // 7 }} {{ -big % 7 }}
{{ ['a', "it's", 'say "x"', 'both \' "', '\n\t\\', '\x7f\u200b\ud7ff\u00ad', none, 1.5, true] }}
{{ whale }}{{ [whale] }}{{ whale|length }}
""",
    "operator": r"""
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 // -2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 7 / 2 }} {{ 6 / 2 }}
{{ 2 ** 3 }} {{ 2 ** 0.5 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 0 ** 0 }} {{ (-8) ** 3 }}
{{ 1 + 2 * 3 - 4 / 2 }} {{ (1 + 2) * 3 }} {{ 10 - 2 - 3 }} {{ 100 / 10 / 2 }}
{{ 'a' * 3 }}{{ 3 * 'b' }}{{ 'c' * 0 }}{{ 'd' * -1 }}{{ [1, 2] * 2 }}{{ (1,) * 2 }}
{{ [1] + [2] }}{{ (1,) + (2,) }}{{ 'a' + 'b' }}
{{ 1 ~ 'a' ~ none ~ true ~ 1.0 ~ [1] ~ missing }}
{{ 1 + (2 ~ 3)|int }} {{ 'x' + 1 ~ 2 }} {{ 'a' ~ 2 * 3 }}
{{ 1 < 2 }} {{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 3 > 2 == true }} {{ 1 == 1.0 == true }}
{{ 'a' < 'b' }} {{ 'B' < 'a' }} {{ [1, 2] < [1, 3] }} {{ (1,) < (1, 0) }} {{ '🐋' > '\uffee' }}
{{ 1 in [1] }} {{ 1 not in [1] }} {{ 'a' in 'cat' }} {{ 'a' in {'a': 1} }} {{ 1.0 in [1] }} {{ '' in '' }} {{ 2 in range(3) }} {{ 'x' in missing }}
{{ 'b' in mixed.keys() }} {{ 1 in mixed.values() }} {{ ('b', 1) in mixed.items() }}
{{ not true }} {{ not 0 }} {{ not '' }} {{ not [] }} {{ not missing }} {{ not none }} {{ not 'a' in 'b' }}
{{ 0 or 'x' }} {{ '' or none or [] }} {{ 1 and 2 }} {{ 0 and x.y }} {{ 1 or x.y }} {{ none and 1 }}
{{ 'a' if true }}|{{ 'a' if false }}|{{ 'a' if false else 'b' if true else 'c' }}
{{ 1 if 1 else 2 if 1 else 3 }}{{ (1 if 0 else 2) if 1 else 3 }}
{{ -1 }} {{ --1 }} {{ +1 }} {{ -true }} {{ -(2.5) }} {{ 3 - -2 }}
{{ true + true }} {{ true * 3 }} {{ 1 + true }} {{ 5 % true }}
{{ 1 == '1' }} {{ none == false }} {{ [] == () }} {{ {} == {} }} {{ {'a': 1, 'b': 2} == {'b': 2, 'a': 1} }} {{ missing == missing2 }} {{ missing == none }}
{{ 1e308 * 10 }} {{ 10 ** 20 / 3 }} {{ 10 ** 20 // 3 }} {{ 9007199254740993 / 1 }}
{{ 'abc'[0] }}{{ 'abc'[-1] }}{{ 'abc'[5] }}|{{ whale[1] }}{{ whale[-1] }}
{{ numbers[0] }}{{ numbers[-1] }}{{ numbers.0 }}{{ numbers[true] }}{{ numbers[9] }}|{{ numbers[1.0] }}|{{ numbers['0'] }}|
{{ 'abcdef'[1:3] }} {{ 'abcdef'[::-1] }} {{ 'abcdef'[-2:] }} {{ 'abcdef'[:-2] }} {{ 'abcdef'[5:1:-2] }} {{ 'abcdef'[::2] }} {{ 'abc'[10:] }}|{{ 'abc'[-10:2] }}
{{ numbers[1:] }} {{ numbers[::-1] }} {{ (1,2,3)[:2] }} {{ range(10)[2:8:3] }} {{ range(10)[::-1] }} {{ whale[::-1] }} {{ whale[1:2] }} {{ numbers[none:none] }}
{{ numbers[:1] + numbers[2:] }} {{ messages[1:][0].role }} {{ messages[:-1]|length }}
{{ mixed['b'] }} {{ mixed.b }} {{ mixed['nope'] }}| {{ mixed.c[1].d }} {{ mixed['c'][0] }}
{{ {'items': 5}.items is callable }}
{{ {'items': 5}['items'] }} {{ ({'keys': 6}).keys is callable }} {{ {'x': 1}['items'] is defined }} {{ {'x': 1}.get is defined }}
{{ nothing.x }}|{{ nothing['x'] }}|{{ none[0] }}|{{ 5[0] }}|{{ real['x'] }}|
{{ {1: 'a'}[1] }}{{ {1: 'a'}[1.0] }}{{ {1: 'a'}[true] }}{{ {'1': 'a'}[1] }}|{{ {(1,2): 'b'}[1,2] }}
{{ {}[[]] }}|{{ {}[{}] }}|
{{ 'a' 'b' ~ 'c' * 2 }}{{ 'x' if 'a' in 'abc' and 1 < 2 or false else 'y' }}
{{ (1, 2) == (1.0, 2.0) }} {{ 'a' != 'b' }} {{ 1 <= 1 >= 1 }}
{{ 2 is divisibleby 2 and 3 is odd }} {{ 1 + 1 is odd }} {{ not 1 is none }}
{{ -5|abs }} {{ (-5)|abs }} {{ 5 - 3|abs }} {{ 'a' ~ 'b'|upper }} {{ -2.5|round }} {{ 'a' + 'b' | upper }}
{{ 10 ** 400 // 10 ** 399 }} {{ (10 ** 30) % 7 }} {{ 2 ** 64 > 2.0 ** 63 }} {{ 9007199254740993 == 9007199254740992.0 }}
""",
    "test": r"""
{{ x is defined }} {{ nothing is defined }} {{ x is undefined }} {{ x is not defined }} {{ not x is defined }}
{{ 'a' is string }} {{ 1 is string }} {{ 1 is number }} {{ 1.0 is number }} {{ true is number }} {{ 'a' is number }}
{{ 1 is integer }} {{ true is integer }} {{ 1.0 is float }} {{ 1 is float }} {{ true is boolean }} {{ 1 is boolean }}
{{ {} is mapping }} {{ [] is mapping }} {{ [] is sequence }} {{ 'a' is sequence }} {{ {} is sequence }} {{ 1 is sequence }} {{ none is sequence }} {{ missing is sequence }} {{ range(3) is sequence }} {{ {}.items() is sequence }} {{ (numbers|map('abs')) is sequence }}
{{ [] is iterable }} {{ 'a' is iterable }} {{ 1 is iterable }} {{ none is iterable }} {{ missing is iterable }} {{ {}.items() is iterable }} {{ (numbers|map('abs')) is iterable }} {{ namespace() is iterable }}
{{ none is none }} {{ missing is none }} {{ 0 is none }} {{ none is not none }}
{{ true is true }} {{ 1 is true }} {{ false is false }} {{ 0 is false }}
{{ 3 is odd }} {{ 2 is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ -3 is odd }} {{ 2.0 is even }}
{{ 1 is eq 1 }} {{ 1 is equalto 2 }} {{ 1 is ne 2 }} {{ 1 is lt 2 }} {{ 1 is lessthan 2 }} {{ 2 is gt 1 }} {{ 2 is greaterthan 1 }} {{ 1 is le 1 }} {{ 1 is ge 2 }}
{{ 1 is in [1, 2] }} {{ 'a' is in 'abc' }} {{ 3 is not in [1] }}
{{ none is sameas none }} {{ true is sameas true }} {{ 1 is sameas 1 }} {{ 1 is sameas true }} {{ 1.0 is sameas 1 }}
{{ 'a' is lower }} {{ 'A' is upper }} {{ 'aB' is lower }} {{ '1' is lower }} {{ 5 is upper }}
{{ range is callable }} {{ 'a'.upper is callable }} {{ 1 is callable }}
{{ 'upper' is filter }} {{ 'nope' is filter }} {{ 'odd' is test }} {{ 'nope' is test }}
{{ '<'|e is escaped }} {{ '<' is escaped }} {{ '<'|safe is escaped }}
{{ messages[0].content is string and messages[0].content is not mapping }}
{{ 'y' if messages[3].content is not string and messages[3].content is iterable else 'n' }}
{{ loop is defined }} {{ namespace is defined }} {{ caller is defined }}
{{ numbers is defined and numbers is not none and numbers|length > 0 }}
{{ ''.append is defined }} {{ [].append is defined }} {{ {}.update is undefined }} {{ ''.__class__ is defined }} {{ {}.pop is callable }}
""",
    "statement": r"""
{% if 0 %}a{% elif '' %}b{% elif [1] %}c{% else %}d{% endif %}
{% if missing %}a{% else %}b{% endif %}
{% if x is defined and x.y %}a{% else %}b{% endif %}
{% for x in numbers %}{{ x }},{% endfor %}{{ x }}|
{% for x in [] %}a{% else %}empty{% endfor %}{% for x in missing %}a{% else %}none{% endfor %}
{% for a, b in [(1, 2), [3, 4], 'xy'] %}{{ a }}{{ b }};{% endfor %}
{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for k, v in mixed.items() %}{{ k }}={{ v }};{% endfor %}{% for k in mixed %}{{ k }}{% endfor %}
{% for k, v in mixed|items %}{{ loop.index }}{{ k }}{{ loop.last }}{% endfor %}
{% for c in whale %}[{{ c }}]{% endfor %}
{% for x in numbers if x > 1 %}{{ loop.index }}:{{ x }}{{ ',' if not loop.last }}{% endfor %}
{% for x in numbers if x > 9 %}a{% else %}none{% endfor %}
{% set ns = namespace(n=0) %}{% for x in range(6) if ns.n < 3 %}{% set ns.n = ns.n + 1 %}{{ x }}{% endfor %}
{% set ns = namespace(n=0) %}{% for x in range(6) if ns.n < 3 %}{% set ns.n = ns.n + 1 %}{{ x }}{{ loop.last }}{% endfor %}
{% for x in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}
{% for x in numbers %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }};{% endfor %}
{% for x in numbers %}{{ loop.cycle('a', 'b') }}{% endfor %}
{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }},{% endfor %}
{% for x in numbers if x != 1 %}{{ loop.length }}{{ loop.revindex }}{{ loop.nextitem is defined }}{% endfor %}
{% for x in range(5) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}
{% for x in [1,2] %}{% for y in [1,2,3] %}{% if y == 2 %}{% break %}{% endif %}{{ x }}{{ y }}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}
{% for x in [1] %}{% for y in [] %}{% else %}{% break %}{% endfor %}after{% endfor %}done
{% for x in [1] recursive %}{{ x }}{% endfor %}{% for x in [[1, [2]], [3]] recursive %}{{ '[' }}{% if x is iterable %}{{ loop(x) }}{% else %}{{ x }}{{ loop.depth }}{% endif %}{{ ']' }}{% endfor %}
{% for x in 'ab' %}{{ loop }}{% endfor %}
{% for x in numbers|reverse %}{{ x }}{{ loop.last }}{% endfor %}{% for x in numbers|sort %}{{ x }}{% endfor %}
{% for p in people %}{% for t in p.tags %}{{ p.name }}{{ t }}{{ loop.first }};{% else %}no;{% endfor %}{% endfor %}
{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}
{% for i in [1, 2, 3] %}{% if i == 2 %}{% set y = i %}{% endif %}[{{ y }}]{% endfor %}
{% set x = 0 %}{% if true %}{% set x = 1 %}{% endif %}{{ x }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}{% set (c, d) = [3, 4] %}{{ c }}{{ d }}
{% set x = 1, %}{{ x }}{% set y = (1, 2) %}{{ y }}
{% set ns = namespace(a=1, b='x') %}{% set ns.c = [1] %}{{ ns.a }}{{ ns.b }}{{ ns.c }}{{ ns.d }}|{{ ns['a'] }}{{ ns }}
{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a + ns.b }}{% set ns.a, ns.b = 5, 6 %}{{ ns.a }}{{ ns.b }}
{% set ns = namespace(x=[]) %}{% for i in range(3) %}{% set ns.x = ns.x + [i] %}{% endfor %}{{ ns.x }}
{% set x | upper | trim %} abc {% endset %}[{{ x }}]{% set y %}a{{ 1 }}b{% endset %}{{ y }}{{ y is string }}
{% for i in [1,2] %}{% set x %}a{% break %}{% endset %}{% endfor %}[{{ x }}]
{% macro f(a, b=2, *c) %}{% endmacro %}
{% macro f(a, b=2, c=b) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(a=5, c=7) }}{{ f() }}
{% macro f(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, 3, x=4) }}{{ f(a=1) }}
{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}body{% endcall %}
{% macro f(x) %}{{ caller(x, 2) }}{% endmacro %}{% call(a, b=9) f(1) %}{{ a }}{{ b }}{% endcall %}
{% macro f() %}{{ caller is defined }}{% endmacro %}{{ f() }}{% call f() %}{% endcall %}
{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}
{% set x = 1 %}{% macro f() %}{{ x }}{% set x = 5 %}{{ x }}{% endmacro %}{{ f() }}{{ x }}{% set x = 2 %}{{ f() }}
{% macro f() %}{{ y }}{% endmacro %}{% for y in [1] %}{{ f() }}{% endfor %}|{% set y = 3 %}{{ f() }}
{% for i in [1, 2] %}{% macro g() %}{{ i }}{% endmacro %}{{ g() }}{% endfor %}{{ g is defined }}
{% macro f(a) %}{{ a|upper }}{% endmacro %}{{ f('x') ~ 'y' }}{{ f('x')|length }}{{ f.name }}{{ f.arguments }}{{ f }}
{% macro f(x, caller) %}{{ caller }}{% endmacro %}{{ f(1, 2) }}
{% macro a() %}A{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}
{% macro f(a=missing) %}[{{ a is defined }}]{% endmacro %}{{ f() }}{{ f(none) }}
{% macro render(messages) %}{% for m in messages %}{{ m.role }}{{ loop.last }}{% endfor %}{% endmacro %}{{ render(messages[:2]) }}
{% macro out() -%}   x   {%- endmacro %}[{{ out() }}]
{% set f = 3 %}{% macro f2(f) %}{{ f }}{% endmacro %}{{ f2(4) }}{{ f }}
{% filter upper %}a{{ 'b' }}{% endfilter %}{% filter replace('a', 'b')|trim %} aaa {% endfilter %}
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% set a = 5 %}{{ a }}{% endwith %}{{ a }}|{% with %}{% set q = 1 %}{% endwith %}{{ q }}
{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}
{% generation %}{% set x = 2 %}x{{ x }}{% endgeneration %}{{ x }}|{% for m in messages if m.role == 'assistant' %}{%- generation -%}[{{ m.content }}]{%- endgeneration -%}{% endfor %}
{% for i in range(3) %}{% for j in range(i) %}{{ i }}{{ j }}{{ loop.length }} {% endfor %}{% endfor %}
{% for i in range(10, 0, -3) %}{{ i }} {% endfor %}{{ range(3)|list }}{{ range(2, 5)|list }}{{ range(0)|list }}{{ range(5)|length }}{{ range(5)[1] }}{{ range(3) }}{{ range(1, 9, 2) }}{{ range(5)|last }}
{{ dict(a=1, b=2) }}{{ dict([('a', 1)]) }}{{ dict({'x': 1}, y=2) }}{{ dict(**{'k': 1}) }}
{% macro f(a, b) %}{{ a }}-{{ b }}{% endmacro %}{{ f(*[1, 2]) }}{{ f(**{'a': 3, 'b': 4}) }}{{ f(1, *[2]) }}
{% set messages = messages[1:] %}{{ messages|length }}{{ messages[0].role }}
{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = message['content'] %}{% if content is string %}{{ loop.index0 }}{{ content|trim }}{% endif %}{% endfor %}
{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}x{% else %}y{% endif %}{% endfor %}
{% for message in messages[::-1] %}{% set index = (messages|length - 1) - loop.index0 %}{{ index }}{{ message.role[0] }}{% endfor %}
{% for m in messages %}{%- if loop.first or loop.previtem.role != m.role %}<{{ m.role }}>{% endif %}{% endfor %}
{% for m in messages if m.role == 'nope' %}{% else %}{{ loop is defined }}{% endfor %}
{% for x in [1,2,3] %}{% if loop.first %}{% continue %}{% endif %}{% for y in [x] %}{{ x }}{% continue %}{{ y }}{% endfor %}{% endfor %}
""",
    "filter": r"""
{{ ' a '|trim }}|{{ 'xxaxx'|trim('x') }}|{{ 'a'|upper }}{{ 'É'|lower }}{{ 'hello wORLD-foo (bar)'|title }}{{ 'hELLO w'|capitalize }}
{{ 1|upper }}{{ none|upper }}{{ missing|upper }}|{{ [1]|lower }}{{ true|string }}{{ 5|trim }}
{{ 'aXbX'|replace('X', '-') }}{{ 'aXbX'|replace('X', '-', 1) }}{{ 'abc'|replace('', '.') }}{{ 'abc'|replace('', '.', 2) }}{{ 123|replace(2, 'x') }}{{ 'a'|replace('a', 'aa') }}
{{ [1, 2]|join }}{{ [1, 2]|join(', ') }}{{ ['a', none, 1.5, missing]|join('|') }}{{ people|join(',', attribute='name') }}{{ 'abc'|join('-') }}{{ {'a': 1, 'b': 2}|join }}{{ []|join }}
{{ 'abc'|length }}{{ [1]|count }}{{ {}|length }}{{ missing|length }}{{ mixed.items()|length }}
{{ numbers|first }}{{ numbers|last }}{{ []|first }}|{{ ''|last }}|{{ mixed|first }}{{ mixed|last }}{{ 'abc'|last }}
{{ 'abc'|list }}{{ mixed|list }}{{ mixed.values()|list }}{{ mixed.items()|list }}{{ range(3)|list }}{{ missing|list }}
{{ mixed.keys() }}{{ mixed.values() }}{{ mixed.items() }}{{ {}.keys() }}
{{ mixed|tojson }}{{ mixed|tojson(indent=2) }}{{ mixed|tojson(sort_keys=true) }}{{ mixed|tojson(separators=(',', ':')) }}
{{ mixed|tojson(indent=4, sort_keys=true) }}{{ []|tojson(indent=2) }}{{ {}|tojson(indent=2) }}{{ [[], {}]|tojson(indent=1) }}{{ [1,[2]]|tojson(indent=0) }}
{{ [1, 1.0, 1e16, 1e-7, true, none, 'a"b\\/\n\t\x01é🐋\x7f']|tojson }}{{ 'é🐋\x7f'|tojson(ensure_ascii=true) }}
{{ (1, 2)|tojson }}{{ {1: 'a', none: 'b', true: 'c', 1.5: 'd'}|tojson }}{{ 'x'|tojson|tojson }}{{ big|tojson }}{{ 1e400|tojson }}{{ tools|tojson }}
{{ mixed|tojson(indent='\t') }}{{ [1, 2]|tojson(indent=2, separators=(', ', ': ')) }}
{{ missing|default('x') }}{{ none|default('x') }}{{ none|default('x', true) }}{{ ''|d('y', boolean=true) }}{{ missing|d }}|{{ false|default('x') }}{{ missing.a|default('x') if missing is defined else 'z' }}
{{ people|map(attribute='name')|list }}{{ people|map(attribute='tags.0')|list }}{{ people|map(attribute='tags.0', default='-')|list }}{{ people|map(attribute='nope', default=0)|list }}
{{ words|map('upper')|list }}{{ words|map('replace', 'a', 'z')|join }}{{ [1.23, 4.56]|map('round', 1)|list }}{{ []|map('upper')|list }}{{ [[1, 2], [3]]|map('join', '-')|list }}{{ numbers|map('string')|join(',') }}
{{ numbers|select('odd')|list }}{{ numbers|reject('odd')|list }}{{ [0, 1, '', 'a', none]|select|list }}{{ numbers|select('gt', 1)|list }}{{ numbers|reject('in', [1])|list }}{{ words|select('in', 'abc')|list }}
{{ people|selectattr('age', 'equalto', 30)|map(attribute='name')|join(',') }}{{ people|selectattr('tags')|list|length }}{{ people|rejectattr('tags')|map(attribute='name')|first }}{{ people|selectattr('nope', 'defined')|list }}{{ people|rejectattr('age', 'lt', 28)|list|length }}{{ people|selectattr('tags', 'eq', [])|list|length }}
{{ people|selectattr('name', 'in', ['ann', 'cid'])|map(attribute='age')|sum }}{{ messages|selectattr('role', '==', 'user')|list|length }}{{ messages|rejectattr('role', 'in', ['user', 'tool'])|map(attribute='role')|join(' ') }}
{{ 'y' if messages|selectattr('role', 'equalto', 'nope') else 'n' }}{{ 'y' if messages|selectattr('role', 'equalto', 'nope')|list else 'n' }}{{ (messages|selectattr('role', 'equalto', 'nope')|first) is defined }}
{% set s = numbers|map('abs') %}{{ s|list }}{{ s|list }}{% for x in s %}x{% endfor %}{{ s|join }}
{{ words|unique|list }}{{ words|unique(case_sensitive=true)|list }}{{ [1, 1.0, true, '1']|unique|list }}{{ people|unique(attribute='age')|map(attribute='name')|list }}{{ [(1,2),(1,2)]|unique|list }}
{{ words|sort }}{{ words|sort(case_sensitive=true) }}{{ numbers|sort(reverse=true) }}{{ people|sort(attribute='age')|map(attribute='name')|list }}{{ people|sort(attribute='age,name', reverse=true)|map(attribute='name')|list }}{{ 'cab'|sort }}{{ [[2], [1, 5], [1]]|sort }}
{{ numbers|reverse|list }}{{ 'abc'|reverse }}{{ whale|reverse }}{{ mixed|dictsort }}{{ mixed|dictsort(true) }}{{ {'a': 2, 'b': 1}|dictsort(by='value') }}{{ {'a': 2, 'b': 1}|dictsort(false, 'key', true) }}
{{ [1,2,3,4,5]|batch(2)|list }}{{ [1,2,3]|batch(2, 'x')|list }}{{ [1,2,3,4,5]|slice(2)|list }}{{ [1,2,3,4,5]|slice(3, 0)|list }}{{ []|batch(2)|list }}{{ [1]|slice(3)|list }}
{{ numbers|sum }}{{ people|sum(attribute='age') }}{{ [[1], [2]]|sum(start=[]) }}{{ []|sum }}{{ [0.1, 0.2]|sum }}{{ numbers|sum(start=10) }}
{{ numbers|min }}{{ numbers|max }}{{ words|min }}{{ words|max }}{{ words|min(case_sensitive=true) }}{{ people|max(attribute='age') }}{{ []|min }}|{{ 'hello'|max }}
{{ 2.5|round }}{{ 3.5|round }}{{ -2.5|round }} {{ 2.675|round(2) }} {{ 42|round }} {{ 1234.5|round(-2) }} {{ 1250|round(-2) }} {{ 2.1|round(0, 'ceil') }} {{ 2.9|round(method='floor') }} {{ 2.345|round(2, 'floor') }} {{ 42|round(1, 'ceil') }}
{{ '42'|int }}{{ ' 42 '|int }}{{ '4.9'|int }}{{ 'x'|int }}{{ 'x'|int(-1) }}{{ 4.9|int }}{{ -4.9|int }}{{ '0x1F'|int(base=16) }}{{ 'ff'|int(0, 16) }}{{ '1_000'|int }}{{ none|int }}{{ true|int }}{{ '1e3'|int }}{{ []|int(7) }}{{ '0b11'|int(base=0) }}{{ 'inf'|int(3) }}
{{ '1.5'|float }}{{ 'x'|float }}{{ 'x'|float(2.5) }}{{ 1|float }}{{ ' 1e3 '|float }}{{ 'inf'|float }}{{ 'nan'|float }}{{ '-Infinity'|float }}{{ '1_0.5'|float }}{{ none|float }}{{ '.5'|float }}{{ '5.'|float }}{{ '+1'|float }}
{{ -3|abs }}{{ 2.5|abs }}{{ true|abs }}{{ 'a'|string }}{{ [1, 'a']|string }}{{ 1.0|string }}{{ none|string }}
{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent(2, blank=true) }}|{{ 'a\nb'|indent('> ') }}|{{ 'a\nb'|indent(width=1, first=true) }}|{{ ''|indent }}|{{ 'a\r\nb'|indent(1) }}
{{ '<a href="x">\'&'|e }}{{ '<'|escape }}{{ 1|e }}{{ '<'|e|e }}{{ '<'|forceescape }}{{ '<'|e|forceescape }}{{ '<'|safe }}{{ ['<'|e] }}
{{ '<'|e + '<' }}{{ ('<'|safe) + '<' + '>' }}{{ '<' + ('<'|safe) }}{{ '<'|e ~ '<' }}{{ ('<'|safe) * 2 }}{{ '<'|e|upper }}{{ ('<%s>'|safe) % '<' }}{{ ('<{}>'|safe).format('<') }}{{ ('-'|safe).join(['<', 'a']) }}{{ ('a-b'|safe).split('-') }}{{ ('a'|safe).replace('a', '<') }}
{{ '%s-%d'|format('a', 1) }}{{ '%(x)s'|format(x=5) }}{{ '%5.2f|%-5s|%05d|%x|%+d|%%'|format(3.14159, 'ab', 42, 255, 7) }}{{ '%s' % 'x' }}{{ '%s %s' % (1, [2]) }}{{ '%r' % 'x' }}{{ '%5s|%-5s|' % ('a', 'b') }}{{ '%.2s' % 'abc' }}{{ '%e %g %G' % (12345.678, 0.00001, 1e20) }}{{ '%c%c' % (65, 'b') }}{{ '%d' % 3.7 }}{{ '%i%%' % 5 }}{{ '%*d' % (5, 3) }}
{{ 'hello world foo bar'|truncate(11) }}{{ 'hello world foo bar'|truncate(11, true) }}{{ 'hello world foo bar'|truncate(12, false, '..', 0) }}{{ 'short'|truncate(5) }}{{ 'hello world'|truncate(8, leeway=0) }}
{{ 'a b  c-d_e'|wordcount }}{{ 'abc'|center(9) }}|{{ 'ab'|center(5) }}|{{ 'abc'|center(4) }}|
{{ 'a b/ü&'|urlencode }}{{ {'a b': 'c&d', 'e': 1}|urlencode }}{{ [('x', 'y z')]|urlencode }}{{ 1|urlencode }}
{{ 1000|filesizeformat }} {{ 1|filesizeformat }} {{ 999|filesizeformat }} {{ 1048576|filesizeformat(true) }} {{ 123456789|filesizeformat }} {{ '5'|filesizeformat }}
{% for g in people|groupby('age') %}{{ g.grouper }}:{{ g.list|map(attribute='name')|join(',') }};{% endfor %}{% for age, group in people|groupby('age') %}{{ age }}{{ group|length }}{% endfor %}{{ [{'a': 'X'}, {'a': 'x'}]|groupby('a') }}{{ [{'a': 1}, {}]|groupby('a', default=0) }}
{{ mixed|attr('items') is callable }}{{ mixed|attr('b') is defined }}{{ 'abc'|attr('upper')() }}
{{ [3, [1, 2]]|last|first }}{{ numbers|sort|reverse|list|join('-')|replace('-', '+') }}{{ ((numbers|sort)[0])|string ~ '!' }}
{{ [1, 2, 3]|map('float')|map('string')|join(' ') }}{{ ['a', 'b']|map('first')|list }}{{ [{'a': {'b': 1}}]|map(attribute='a.b')|list }}{{ [[1, 2]]|map(attribute=1)|list }}
{{ missing|join }}|{{ missing|map('upper')|list }}{{ missing|sort }}{{ missing|select|list }}{{ missing|items|list }}{{ missing|reverse|list }}{{ missing|unique|list }}{{ missing|string }}|{{ missing|e }}|{{ missing|first is defined }}
{{ 'ǆ ß ŉ ﬁ'|upper }} {{ 'ǆx ßx ﬁx'|capitalize }} {{ 'İI'|lower }} {{ 'ΑΣ ΑΣΑ'|lower }}
""",
    "method": r"""
{{ 'a b c'.split() }}{{ ' a  b '.split() }}{{ 'a,b,c'.split(',') }}{{ 'a,b,c'.split(',', 1) }}{{ 'a b  c d'.split(none, 2) }}{{ 'abc'.split('x') }}{{ ''.split() }}{{ ''.split(',') }}{{ ',a,'.split(',') }}{{ 'a--b--c'.split('--', maxsplit=1) }}{{ ' a b '.split(' ') }}{{ 'a b c '.split(none, 1) }}{{ 'a,b'.split(',', 0) }}{{ ' a b'.split(none, 0) }}
{{ 'a,b,c'.rsplit(',', 1) }}{{ 'a b c'.rsplit(none, 1) }}{{ 'a b c'.rsplit() }}{{ ' a b '.rsplit(none, 1) }}{{ 'aXXXb'.rsplit('XX') }}{{ 'aXXXb'.split('XX') }}{{ 'a,b,c'.rsplit(',') }}
{{ 'a\nb\r\nc\rd\x0be\u2028f\n'.splitlines() }}{{ 'a\nb'.splitlines(true) }}{{ ''.splitlines() }}{{ '\n'.splitlines() }}
{{ ' a '.strip() }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|{{ 'xyaxy'.strip('xy') }}{{ '\n\na\n'.lstrip('\n') }}|{{ '\u3000\x1fa\x85'.strip() }}|{{ 'aaa'.strip('a') }}|{{ 'abc'.strip('') }}{{ ' a '.strip(none) }}{{ '----------x'.lstrip('-+*/#!?=') }}
{{ 'abc'.startswith('a') }}{{ 'abc'.startswith(('x', 'a')) }}{{ 'abc'.endswith('bc') }}{{ 'abc'.startswith('b', 1) }}{{ 'abc'.endswith('b', 0, 2) }}{{ 'abc'.startswith('') }}{{ 'abc'.startswith('abcd') }}{{ 'abc'.startswith('', 4) }}{{ 'abc'.startswith('', 3) }}{{ ''.endswith('') }}{{ 'abc'.startswith(()) }}
{{ 'aXbX'.replace('X', '-') }}{{ 'aXbX'.replace('X', '-', 1) }}{{ 'abc'.replace('', '-') }}{{ 'abc'.replace('b', '') }}{{ ''.replace('', 'x') }}{{ 'aaa'.replace('aa', 'b') }}{{ 'abc'.replace('b', 'x', 0) }}{{ 'abab'.replace('a', 'x', -1) }}
{{ 'abc'.upper() }}{{ 'ABC'.lower() }}{{ "they're bill's 1st-rate".title() }}{{ 'hELLO'.capitalize() }}{{ 'aBc'.swapcase() }}{{ ''.capitalize() }}
{{ 'hello'.find('l') }}{{ 'hello'.rfind('l') }}{{ 'hello'.find('x') }}{{ 'hello'.find('l', 3) }}{{ 'hello'.find('l', 0, 2) }}{{ 'hello'.index('e') }}{{ whale.find('b') }}{{ 'abc'.find('') }}{{ 'abc'.rfind('') }}{{ 'abc'.find('', 3) }}{{ 'abc'.find('', 4) }}{{ 'abcabc'.find('c', -2) }}{{ 'abcabc'.rindex('a') }}
{{ 'hello'.count('l') }}{{ 'aaaa'.count('aa') }}{{ 'abc'.count('') }}{{ 'hello'.count('l', 3) }}{{ 'abcabc'.count('c', 0, 4) }}
{{ ','.join(['a', 'b']) }}{{ ''.join([]) }}{{ '-'.join('abc') }}{{ ', '.join(mixed) }}{{ ' '.join(words|map('upper')) }}
{{ '1'.isdigit() }}{{ 'a1'.isalnum() }}{{ 'a'.isalpha() }}{{ ' '.isspace() }}{{ 'A'.isupper() }}{{ 'a1'.islower() }}{{ ''.isdigit() }}{{ '²'.isdigit() }}{{ '²'.isdecimal() }}{{ '½'.isnumeric() }}{{ 'Ab Cd'.istitle() }}{{ 'é'.isascii() }}{{ ''.isascii() }}{{ '-1'.isdigit() }}
{{ 'prefix-x'.removeprefix('prefix-') }}{{ 'x.txt'.removesuffix('.txt') }}{{ 'abc'.removeprefix('x') }}{{ 'abc'.removesuffix('') }}
{{ '5'.zfill(3) }}{{ '-5'.zfill(4) }}{{ 'abc'.zfill(2) }}{{ 'a'.center(5, '*') }}{{ 'ab'.center(5, '*') }}{{ 'a'.ljust(3) }}|{{ 'a'.rjust(3, '0') }}
{{ 'a=b=c'.partition('=') }}{{ 'a=b=c'.rpartition('=') }}{{ 'abc'.partition('=') }}{{ 'abc'.rpartition('=') }}
{{ '{} {}'.format(1, 'a') }}{{ '{0}{1}{0}'.format('a', 'b') }}{{ '{x}'.format(x=1) }}{{ '{{}}'.format() }}{{ '{:>5}|{:<5}|{:^5}|{:*^5}'.format(1, 'a', 'b', 'c') }}{{ '{:.2f} {:05d} {:,} {:+} {:x} {:#x} {:b} {:e} {:g} {:%}'.format(3.14159, 42, 1234567, 5, 255, 255, 5, 12345.0, 0.5, 0.25) }}
{{ '{0[a]} {0.b}'.format({'a': 1, 'b': 2}) }}{{ '{!r}'.format('x') }}{{ '{:{}}|'.format('a', 4) }}{{ '{} {}'.format(none, [1]) }}{{ '{:s}{:d}{}'.format('a', true, true) }}{{ '{:.3}'.format('abcdef') }}{{ '{:.3}|{:.3}|{:10.4}|'.format(1.0, 123456.0, 3.14159265) }}{{ '{:_}'.format(1234567) }}{{ '{:08.3f}|{:>+8.1f}'.format(-3.14159, 2.55) }}{{ '{0[1]}'.format([1, 2]) }}
{{ mixed.get('b') }}{{ mixed.get('x') }}{{ mixed.get('x', 5) }}{{ mixed.get('x', default=5) if false else '' }}{{ mixed.keys()|list }}{{ mixed.items()|list|length }}{{ mixed.copy() == mixed }}
{{ numbers.index(1) }}{{ numbers.count(3) }}{{ (1, 2, 1).count(1) }}{{ (1, 2).index(2) }}{{ numbers.copy() }}{{ [1, 2, 1].index(1, 1) }}
{{ 2.0.is_integer() }}{{ real.is_integer() }}
{{ messages[2].content.split('</think>')[-1].lstrip('\n') }}{{ messages[2].content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') }}
{{ messages[4].get('tool_calls')[0].function.arguments.items()|list }}{{ messages[0].get('tool_calls') }}{{ messages[1]['name']|default('x') }}{{ messages[0]['name'] is defined }}
{{ 'a'.__class__ }}|{{ {'_x': 1}._x }}{{ {'__x__': 1}['__x__'] }}
{{ 'abc'.upper().lower().title()[0] }}{{ ('a' ~ 'b').upper() }}{{ ['a', 'b'][0].upper() }}
{{ 'ß'.upper() }}{{ 'ǆ'.title() }}{{ 'ŉ'.title() }}{{ 'Straße'.swapcase() }}{{ 'ΟΔΟΣ'.lower() }}
""",
    "now": r"""
{{ strftime_now('%Y-%m-%d') }} {{ strftime_now('%d %b %Y') }} {{ strftime_now('%A, %B %d, %Y') }} {{ strftime_now('%-d/%-m %H:%M:%S %p %I %y %j') }}
{{ strftime_now('%a %e %U %W %V %u %w %G %C %F %T %D %R %%') }}{{ strftime_now('') }}{{ strftime_now('%c|%x|%X|%f|%Z|%z|') }}
{% if strftime_now is defined %}{% set date_string = strftime_now("%d %b %Y") %}{% else %}{% set date_string = "26 Jul 2024" %}{% endif %}{{ date_string }}
""",
    "refused": r"""
{{ raise_exception('no way') }}
{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported: ' ~ messages[0].role) }}{% endif %}
{{ x.y }}
{{ x.y.z }}
{{ x['y'] }}
{{ x[1:] }}
{{ x() }}
{{ x.y() }}
{{ x + 'a' }}
{{ 'a' + x }}
{{ -x }}
{{ x < 1 }}
{{ mixed.nope.x }}
{{ mixed['nope']['x'] }}
{{ 'a'.nope() }}
{{ [].append(1) }}
{{ {}.update({}) }}
{{ mixed.pop('b') }}
{{ ''.__class__.__mro__ }}
{{ 1 + 'a' }}
{{ 'a' + 1 }}
{{ 'a' + none }}
{{ none + 'a' }}
{{ [1] + (2,) }}
{{ 1 < 'a' }}
{{ none < 1 }}
{{ {} < {} }}
{{ 1 / 0 }}
{{ 1 // 0 }}
{{ 1 % 0 }}
{{ 1.5 / 0 }}
{{ 0 ** -1 }}
{{ 1 in 5 }}
{{ 1 in 'a' }}
{{ none in 'a' }}
{{ 5() }}
{{ 'a'() }}
{{ none|length }}
{{ 5|length }}
{{ (numbers|map('abs'))|length }}
{{ 5|list }}
{{ 5|first }}
{{ {[1]: 2} }}
{{ {{}: 2} }}
{{ 'abc'[::0] }}
{{ range(1000000) }}
{{ range(1, 2, 0) }}
{{ range('a') }}
{{ missing|tojson }}
{{ {(1, 2): 3}|tojson }}
{{ range(3)|tojson }}
{{ 'a'|nope }}
{{ 'a' is nope }}
{{ ['a']|map('nope')|list }}
{{ ['a']|select('nope')|list }}
{{ 'a'|upper(1) }}
{{ 'a'|trim(x=1) }}
{{ 'a'|replace('a') }}
{{ ''.join([1]) }}
{{ 'a'.split('') }}
{{ 'a'.index('b') }}
{{ [1].index(2) }}
{{ '%d' % 'a' }}
{{ '%s %s' % 'a' }}
{{ '%s' % ('a', 'b') }}
{{ '{} {}'.format(1) }}
{{ '{x}'.format() }}
{{ [1, 'a']|sort }}
{{ [1, 'a']|max }}
{{ ['a']|sum }}
{{ 'x'|abs }}
{{ missing|abs }}
{{ missing|int }}
{{ missing|round }}
{{ 'a'|round }}
{{ 5|items|list }}
{{ {'b': 1, 1: 2}|dictsort }}
{{ {'b': 1, 1: 2}|tojson(sort_keys=true) }}
{% set x = 1 %}{% set x.y = 2 %}
{% set nope.y = 2 %}
{% set a, b = [1] %}
{% for a, b in [1] %}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{% endfor %}
{% for x in 5 %}{% endfor %}
{% for x in none %}{% endfor %}
{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}
{% macro f(a) %}{% endmacro %}{{ f(b=1) }}
{% macro f() %}{{ caller() }}{% endmacro %}{{ f() }}
{% macro f() %}{% endmacro %}{% call f() %}{% endcall %}
{% macro f(a, b=1, c) %}{% endmacro %}
{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}
{% for x in [1] %}{{ loop([2]) }}{% endfor %}
{% for loop in [1] %}{% endfor %}
{% foo %}
{% endif %}
{% if true %}
{% if true %}{% endfor %}
{% for x in [1] %}
{% for x of y %}{% endfor %}
{% set x %}
{% macro %}{% endmacro %}
{% break %}
{% macro f() %}{% for x in [1] %}{% endfor %}{% break %}{% endmacro %}
{% include 'x' %}
{% import 'x' as y %}
{% from 'x' import y %}
{% extends 'x' %}
{% do x %}
{% set true = 1 %}
{% set x.y.z = 1 %}
{% set x[0] = 1 %}
{{ 1 + }}
{{ x
{{ }}
{{ a b }}
{{ (1, 2 }}
{{ [1, 2 }}
{{ {'a' 1} }}
{{ ) }}
{{ (] }}
{{ 'abc }}
{{ 1 is }}
{{ 1 | }}
{{ x. }}
{{ x[ }}
{{ f(a=1, 2) }}
{{ f(a=1, a=2) }}
{{ a ? b }}
{{ a && b }}
{{ $ }}
{{ 'a' is string is string }}
{# open
{% raw %}open
{% if %}{% endif %}
{{ x == }}
{{ 007 }}
{{ '\xZZ' }}
{{ namespace([1]) }}
{{ dict(1) }}
{% call 5 %}{% endcall %}
{{ (1).real.nope.x }}
{{ big ** big ** 9 if false else 1 // 0 }}
{{ 'a' * 'b' }}
{{ [] * 1.5 }}
{{ -'a' }}
{{ -[] }}
{{ -none }}
{{ x|default(y.z) }}
{{ loop.index }}
{{ mixed|map(attribute='x')|first|upper + 1 }}
{{ nothing.x.y }}
{{ messages[99].role }}
{{ nothing[1:] }}
{{ mixed[1:] }}
{{ mixed.items()[1:] }}
{{ numbers['a':] }}
{{ (numbers|map('abs'))[0].x }}
{{ 'x'|filesizeformat }}
""",
}


def probes():
    for group, text in GROUPS.items():
        lines = text.strip("\n").split("\n")
        merged = []
        for line in lines:  # a backslash at the end of a line is part of the probe
            if merged and merged[-1].endswith("\\"):
                merged[-1] += "\n" + line
            else:
                merged.append(line)
        for number, line in enumerate(merged, 1):
            if group == "space":
                line = line.replace(r"\n", "\n").replace(r"\r", "\r").replace(r"\t", "\t")
                line = line.replace(r"\u00a0", "\u00a0")
            yield "%s-%02d" % (group, number), line
    yield "conversation", (HERE / "conversation.jinja").read_text(encoding="utf-8")


def main():
    print(json.dumps({"context": CONTEXT}, ensure_ascii=False))
    for name, template in probes():
        row = {"name": name, "template": template}
        try:
            row["expected"] = ENV.from_string(template).render(**CONTEXT)
        except RecursionError:
            row["error"] = "RecursionError"
        except Exception as e:
            row["error"] = type(e).__name__ + ": " + str(e)
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
