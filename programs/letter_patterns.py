"""Regular expressions of letter references: texts that name options by letter, position or number.

Patterns that end in `\\Z` are searched in the text before a letter; the others after `LETTER` are matched with the text
after it. `JOINED` is matched with an enumeration itself.
"""

import re

OPTION = r"(?:options?|choices?|answers?|alternatives?|statements?)"
JUDGED = r"(?:in)?correct|wrong|right|true|false|ruled\sout|out"
BY_POSITION = re.compile(
    rf"\b(?i:first|second|third|fourth|fifth|[1-5](?:st|nd|rd|th)|last|former|latter|previous|next)\s"
    rf"(?:(?:\w+\s|of\s(?:the|these)\s)?(?i:{OPTION})|(?i:ones?))\b"
    r"|\b(?i:above|below|following|preceding)\s(?i:option|choice|answer|alternative|statement)\b"
    r"|\b(?i:first|last)\s(?:two|three|four)\s(?:are|were|can)\b"
    r"|\b(?i:choose|select|pick|go\swith)\s(?:the\s)?(?:first|second|third|fourth|last|former|latter)\b"
    rf"|\b(?i:{OPTION})[ \t#*_\"'(\[-]*(?i:no\.?\s?|number\s)?(?:[1-9]\b(?![.,]\d|\s?%|-\d)|(?i:i{{1,3}}|iv)[),. ])"
    r"|\b(?i:ans|answer)\b[ \t.:*_-]*(?:is[ \t:]+)?[(*]*[1-9][)*]*(?=[.)]?[ \t]*(?:\n|$)|[.)]\s)"
    r"|\b(?i:options?|choices?)\s(?:one|two|three|four)\b(?!\sby)"
    rf"|\b(?i:final|top|bottom)\s(?:two\s)?(?:options?|choices?)\b|\b(?i:the\sones?\s(?:above|below))\b"
    rf"|\b(?i:the\s(?:first|second|third|fourth|fifth|last|former|latter)(?:\s(?:two|three|one))?)"
    rf"(?=\s(?:is|are|was|were)\b|\s*[.,;:!]|\s*$)"
    rf"|(?<!\w)\#[1-9]\b|\b[1-9]\)?\s(?:is|are)\s(?:{JUDGED})\b"
)
BY_SMALL_LETTER = re.compile(
    rf"\b(?i:{OPTION}|ans)\b(?:\s(?:is|are))?[\s.:#*_\"'‘’“”(\[-]*(?!(?:i\.?e|e\.?g)\b)"
    rf"(?:[b-j]\b(?![’'-]?\w)|a(?=[)\]*'\"’”.,:;]|\s(?:is|are|and|or|&)\s|\s[A-Z]))"
    r"|(?:^|\n)[ \t>*_•-]*\(?[a-j](?:[).:]\s|[ \t*_]*(?:\n|$))|(?<![\w.(-])(?:[a-j]\)|[b-j]\.\s[A-Z])"
    r"|\([a-j]\)|['\"‘“][a-j]['\"’”]"
    r"|\*[a-j]\*|\b(?i:is|are|be|therefore,?|so)\s[b-j]\.?[ \t]*(?:\n|$)"
    r"|\b(?i:choose|select|pick|chose|take)\s[a-j](?=\W*(?:\n|$))"
    rf"|\b[a-j]\s?(?:,|&|\band\b)\s?[b-j]\b(?![.'’-]\w)|\b[b-j]\s(?:is|are)\s(?:{JUDGED})\b"
)
RUN_TOGETHER = re.compile(
    r"\b(?i:options?|choices?|answers?|ans)\b[\s.:*_\"'(\[-]*(?:is\s|are\s)?[A-J](?:[A-J]+\b|[A-Z][a-z]|[a-z]+[A-Z])"
    r"|\b(?i:options?|choices?|answers?|ans)[A-J]\b"
    rf"|\b[A-J]{{2,5}}\s(?:is|are)\s(?:all\s|both\s|not\s)?(?:{JUDGED})\b"
    r"|(?<![^\W_])[A-J]\s?(?:[-–—]|\b(?:to|through|thru)\b)\s?[A-J](?![^\W_])"
)

MAX_OPTIONS = 10
"""Largest number of options whose letters the patterns know."""

NAMES_ITS_OWN = re.compile(rf"\b(?i:{OPTION})\s\(?[A-Z]\b")
AND = r"[*_)\]]*(?:[ \t]*[,/&+][ \t]*(?:(?:and|or)\s)?|\s(?:and|or|nor)\s)(?:options?\s)?[*_(\[]*"
RUN = re.compile(rf"(?<![^\W_])[A-Z](?:{AND}[A-Z])*(?![^\W_])")
LETTER = re.compile(r"(?<![^\W_])[A-Z](?![^\W_])")
JOINED = re.compile(
    r"(?!.*option)(?:.*(?:\b(?:and|or|nor)\b|&)[^\w,]*[A-Z]|[A-Z](?:[ \t]?[/+][ \t]?[A-Z])+)\Z", re.DOTALL
)

OPENED = r"[\s*_\"'‘’“”(\[]*\Z"
NAMED_SO = re.compile(rf"\b(?i:{OPTION})(?:\s(?:provided|given|listed))?(?:[ \t]*|-)[*_\"'‘’“”(\[]*\Z")
CHOSEN = re.compile(
    rf"(?:(?:\b|_)(?i:{OPTION}|ans\b\.?)[*_\"']*(?:\s(?:is|are|was|were|(?:would|should|must|will)\sbe))?\s*[:=-]*{OPENED}"
    r"|\\boxed\{(?:\\text\{)?\Z)"
)
CONCLUDED = re.compile(
    rf"\b(?i:{OPTION})\b[^.\n]{{0,80}}(?:\b(?:is|are|be)|:){OPENED}"
    rf"|\b(?i:select|choose|pick|(?:eliminat|exclud|reject|rul)(?:es?|s|ed|ing)(?:\sout)?)\s(?:both\s|only\s)?{OPENED}"
)
CLOSED = re.compile(
    r"[*_\"'’”)\]}$]*(?:\s*[.,;:)(\n–—\"\\]|\s*$|\s-|\s(?:because|since|as|for|and|but|which|while|so|i\.?e)\b)"
)
CLAUSE_START = re.compile(
    r"(?:^|[\n.!?;:,*#>–—]|\s-|\b(?i:and|or|so|because|that|since|while|whereas|but|as|hence|thus|therefore|if|then|"
    rf"why|only|both|either|neither|though|although)){OPENED}"
)
VERDICT = re.compile(
    r"[*_\"'’”)\]]*\s(?:is|are|was|were|seems?|(?:can|could|may|might|would|must)\sbe)\s(?:all\s|both\s|not\s|also\s)*"
    rf"(?:{JUDGED}|(?:un)?likely|eliminated|excluded|the\s(?:\w+\s){{0,2}}{OPTION})\b"
)
PREDICATE = re.compile(
    r"[*_\"'’”)\]]*\s(?:is|are|was|were|would|can(?!\sof)|cannot|could|may|might|does|do|has|have|describes?|refers?|"
    r"represents?|states?|suggests?|mentions?|seems?|because|since)\b"
)
SINGULAR = re.compile(r"[*_\"'’”)\]]*\s(?:is|was|has|does|seems)\b")
LINE_START = re.compile(r"(?:^|\n)[\s>#*_(\[•–-]*(?:\d{1,2}[.)]\s*)?[*_(\[]*\Z")
LABEL_END = re.compile(r"[*_]*[).:\]][*_)]*|[*_)]*\s?[-–—:][ \t]|[*_)\]]*[ \t]*(?:\n|$)|-(?=\w)")
LABELLED = re.compile(r"[*_]*(?:[).:\]][*_)\"']*[ \t]|[ \t]?[-–—:][ \t]|[ \t]\(|,[ \t])")
JUDGEMENT = re.compile(rf"[\W_]*(?:{JUDGED}|this|these|{OPTION}|not|partially|(?:un)?likely|yes|no)\b", re.IGNORECASE)

SENTENCE_START = re.compile(r"(?:^|[\n.!?:;*\"“(#>•–—-])\s*\Z")
ARTICLE = re.compile(
    r"[ \t\xa0](?!(?:also|alone|only|and|or|which|that|being|having|not|but|in|on|at|by|to|from|with|of)\b)[a-z\d]"
)
VERB = re.compile(r"[ \t\xa0](?!(?:series|species|diabetes|always|lens|pancreas)\b)[a-z]+[^\Wsui]s\b")
NAMING = (
    r"\b(?:vitamins?|vit\.?|hep(?:atitis)?\.?|types?|groups?|class|stage|grade|factors?|proteins?|immunoglobulins?|ig|hla|"
    r"influenza|ha?emophilia|amphotericin|mitomycin|actinomycin|cyclosporine?|polymyxin|apo|apolipoprotein|lipoprotein|"
    r"phospholipase|kinase|figure|table|phase|category|level|zone|chromosome|toxin|coxsackie|rh|anti|streptococcus|"
    r"penicillin|h(?:a?emoglobin|b)|coenzyme|cytochrome|complex|subtype|serotype|antigen|blood)[ \t\xa0]+"
)
NAMED_BEFORE = re.compile(rf"{NAMING}\Z", re.IGNORECASE)
SAID_TO_BE = re.compile(rf"{NAMING}(?:is|are|be)\b\W*\Z", re.IGNORECASE)
NAMED_AFTER = re.compile(
    r"[ \t\xa0](?:(?i:cells?|lymphocytes?|waves?|fib(?:er|re)s?|lines?|lineage|streptococc\w+|virus|antigens?|"
    r"symptoms?|peptide|dimers?)|vitamins?)\b"
)
SPECIES = re.compile(r"\.\s?(?!(?:the|this|that|its?|these|in|and|because|since|which|not|is|are)\b)([a-z]{3,})")
LINKING = frozenset(
    ["and", "or", "nor", "of", "in", "on", "by", "the", "is", "are", "for", "with", "to", "not", "both", "only"]
)
