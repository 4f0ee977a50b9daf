-- Regular expressions.
regexp_substr('ß', 'ss')
regexp_substr('straße', 'STRASSE')
regexp_substr('ßß', '^ssss$')
regexp_substr('ß', '^s')
regexp_substr('ß', '^sß$')
regexp_substr('ß', '[s]')
regexp_substr('ſ', 's')
regexp_substr('ﬀ', 'ff')
regexp_substr('ﬀ', 'f+')
regexp_substr('İ', 'i')
regexp_substr('İ', 'i̇')
regexp_substr('ΑΣ', 'ας')
regexp_substr('abc', '\\Gabc')
regexp_substr('a', 'a(?#comment)*')
regexp_substr('a b', 'a\\ b')
regexp_substr('ab', '(?x) a b ')
regexp_substr('ab', '(?x) a (?-x)b ')
regexp_substr('ab', '\\u0061\\x62')
regexp_substr('a', '\\0141')
regexp_substr('a\n', 'a$')
regexp_substr('a\n\n', 'a$')
regexp_substr('a\r\n', 'a$')
regexp_substr('a\n', 'a\\z')
regexp_substr('a\n', 'a\\Z')
regexp_substr('a\r\nb', 'a\\Rb')
regexp_substr('foobar', '(?<!foo)bar')
regexp_substr('foobar', '(?<=fo{1,2})bar')
regexp_substr('aaa', 'a{2}+')
regexp_substr('aaa', '(a+?)(a*)')
regexp_substr('aaab', '(?>a+)ab')
regexp_substr('abAB', '(ab)\\1')
regexp_substr('a\nb', 'a.b')
regexp_substr('a', '')
regexp_substr('a', '[[:alpha:]]')
regexp_substr('a', '[:alpha:]')
regexp_substr(':', '[:alpha]')
regexp_substr('a', '[a--b]')
regexp_substr('a', '[a-]')
regexp_substr('a', '[a&&b]')
regexp_substr('a', '[[a-z]&&[aeiou]]')
regexp_substr('a', '[a-z&&[aeiou]]')
regexp_substr('a', '[a&]')
regexp_substr(']', '[]]')
regexp_substr('-', '[\\d-a]')
regexp_substr('a', '(?i)A')
regexp_substr('a', '(?-i)A')
regexp_substr('a', '^*')
regexp_substr('a', '|')
regexp_substr('a', '()')
regexp_substr('a', '\\i')
regexp_substr('a', '\\E')
regexp_substr('a', '\\Qa\\E')
regexp_substr('a', '\\Qa')
regexp_substr('a', ']')
regexp_substr('a', '(?x)a #c')
regexp_substr('a', '\\c')
'a' regexp ''
'a' regexp '('
'a' regexp ')'
'a' regexp '['
'a' regexp '[]'
'a' regexp '[^]'
'a' regexp 'a{2,1}'
'a' regexp '*'
'a' regexp 'a**'
'a' regexp 'a|*'
'a' regexp '(*)'
'a' regexp '{'
'a' regexp '}'
'a' regexp '(?=a)*'
'a' regexp '\\b*'
'a' regexp '(?z)'
'a' regexp '(?P<n>a)'
'a' regexp '(?'
'a' regexp '(?<'
'a' regexp '[--b]'
'a' regexp '[&&a]'
'a' regexp '[a&&]'
'a' regexp '[a-\\d]'
'a' regexp '(?<n'
'a' regexp '(?<n>a)(?<n>b)'
'a' regexp '\\k<n>'
'a' regexp '\\k'
'a' regexp '(?<=a'
'a' regexp '(?#c'
'a' regexp '\\'
'a' regexp '\\x'
'a' regexp '\\x{'
'a' regexp '\\u12'
'a' regexp '\\x{110000}'
'a' regexp 'a{'
'a' regexp 'a{,2}'
'a' regexp 'a{x}'
'a' regexp 'x{1,2'
'a' regexp 'a{99999999999}'
'a' regexp 'a{16777216}'
'a' regexp '(?<=a*)b'
'a' regexp '[b-a]'
'a' regexp '[[:foo:]]'
'a' regexp '\\pL'
'a' regexp '\\p{L'
'a' regexp '\\p{foo}'
'a' regexp '\\1'
'a' regexp '\\8'
'a' regexp '\\141'
'a' regexp '(?i'
'a' regexp '(?(1)a)'
'a' regexp '(?{a})'
regexp_replace('abc', 'x*', '-')
regexp_replace('abc', '(b)', '[$1]')
regexp_replace('abc', '(b)', '[\\$1]')
regexp_replace('abc', '(b)', '[\\\\$1]')
regexp_replace('abc', '(?<n>b)', '[${n}]')
regexp_replace('abc', 'b', '\\x41')
regexp_replace('abc', 'b', '\\u0041')
regexp_replace('abc', 'b', '\\')
regexp_replace('abc', '(b)(c)', '$2$1')
regexp_replace('abc', '(b)', '$10')
regexp_replace('abc', 'b', '$0$0')
regexp_replace('abc', '(x)?b', '[$1]')
regexp_replace('aab', '\\Ga', 'x')
regexp_replace('aAbB', '[[:upper:]]', 'x')
regexp_replace('aAbB', '\\p{Lu}', 'x')
regexp_replace('a.b,c d_e-f0é', '\\W', 'x')
regexp_replace('a.b,c d_e-f0é', '\\b', '|')
regexp_replace('a.b,c d', '(?<=[.,])', '|')
regexp_replace('abc','b','$')
regexp_replace('abc','(b)','[$2]')
regexp_replace('abc','(?<n>b)','[${m}]')
regexp_replace('abcabc','b','x',1,2)
regexp_replace('abcabc','b','x',1,0)
regexp_replace('abcabc','b','x',3)
regexp_replace('abcabc','b','x',7)
regexp_replace('abcabc','b','x',8)
regexp_replace('abcabc','b','x',0)
regexp_replace('abcabc','b','x',1,-1)
regexp_replace('abcabc','b',null)
regexp_replace('aAbB','[[:upper:]]','x',1,0,'c')
regexp_replace('aAbB','\\p{Lu}','x',1,0,'i')
regexp_replace(_binary'a',_binary'a',_binary'b')
regexp_replace(_latin1'a',_latin1'a',_latin1'b')
regexp_substr(_latin1'abc',_latin1'a')
regexp_substr(_binary'abc',_binary'a')
regexp_substr('abc','b',1,-1)
regexp_substr('abc','b',4)
regexp_substr('abc','b',5)
regexp_substr('abc','z',1,0)
regexp_substr(123,2)
regexp_substr(12.5,'5')
regexp_substr('abc def','\\w+',1,2)
regexp_substr('','^$',2)
regexp_instr('abc','b')
regexp_instr('abc','b',5)
regexp_instr('abc','b',4)
regexp_instr('abc','b',0)
regexp_instr('abc','b',-1)
regexp_instr('abc','b',1,1,2)
regexp_instr('abc','b',1,1,1)
regexp_instr('abcabc','b',1,2)
regexp_instr('abcabc','b',null)
regexp_instr('😀a','a',1,1,1)
regexp_instr('😀a','a',3)
regexp_instr('','a')
regexp_instr('','^$')
regexp_instr('','^$',2)
regexp_instr('','^$',0)
regexp_like('a','b','z')
regexp_like('a','b',null)
regexp_like('a','b','')
regexp_like('A','a','c')
regexp_like('A','a','ci')
regexp_like('A','a','ic')
regexp_like('a\nb','a.b')
regexp_like('a\nb','a.b','n')
regexp_like('a\nb','^b$','m')
regexp_like('a\rb','^b$','mu')
regexp_like(null,'(')
regexp_like(null,'a')
regexp_like('a',null)
regexp_like(123,2)
regexp_like(now(),'2')
regexp_like('abc','b',5)
binary 'a' regexp 'a'
'a' regexp binary 'a'
'1' regexp 1
1 regexp 1
'A' regexp 'a'
'A' not regexp 'a'
'A' rlike 'a' collate utf8mb4_bin
'A' collate utf8mb4_0900_as_cs regexp 'a'
_latin1'A' regexp _latin1'a' collate latin1_bin
'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab' regexp '(a*)*c'
-- table v VARCHAR(20), n VARCHAR(20) NOT NULL, p VARCHAR(20), tx TEXT, l VARCHAR(20) CHARACTER SET latin1, b VARBINARY(20), i INT
-- row 'abc', 'Abc', 'B', 'text', 'äbc', 'abc', 1
-- row NULL, '', NULL, NULL, NULL, NULL, NULL
-- row 'aéb', 'x1y22', '[0-9]+', 'a1', 'ÄB', 'x', 2
regexp_like(v, 'b')
regexp_like(n, p)
regexp_like(l, 'ä')
regexp_like(b, 'x')
regexp_substr(n, p)
regexp_substr(tx, '[a-z]+')
regexp_substr(n, '[0-9]+', 1, i)
regexp_instr(n, p, i)
regexp_replace(n, p, '-')
regexp_replace(v, 'é|b', '$0$0')
regexp_replace(l, 'B', '_')
v regexp n
tx not regexp p
