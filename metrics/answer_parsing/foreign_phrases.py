"""Phrases after a cue or a letter in languages other than English, joined over all languages."""

from openmedlm.metrics.answer_parsing.languages import SORRY, SPACED


def _any(words: str) -> str:
    return "|".join(getattr(row, words) for row in SPACED.values())


BECAUSE = rf"(?:{_any('because')})"
CONDITIONAL_AFTER = rf"(?:{_any('conditional')})"
AND = (
    r"(?:\s(?:y|e|o|et|ou|und|oder|und/oder|en|и|i|oraz|và|dan)\s|"
    r"\s?(?:和|与|與|及|或|或者|과|와|및|と|または|や)\s?)"
)
# Words that follow a letter directly: particles, verbs and counters, unlike the `型` of a blood group.
AFTER_LETTER = (
    r"(?:입니다|이다|이에요|예요|임|번|이라고|이므로|이며|이고|라고|[가이는은를을로](?![가-힣])|"
    r"です|で(?=[\s,.])|である|だ(?:と|。|\b)|となり?る?|になり?る?|と(?:考|思|な)|[がを](?!ん)|"
    r"(?:选项|選項|[项項])|[是,，]|因[为為])"
)

_LEAD_WORDS = rf"(?:{_any('articles')}|{_any('nouns')})"
_DENIED_VERB = (
    rf"(?:{_any('negation')})\s(?:(?:{_any('copula')}|{_any('articles')}|{_any('nouns')}|que|che|l['’])[\s:]\s?){{0,5}}"
)
_WRONG_ANSWER = (
    rf"(?:{_any('wrong')})(?:\s(?:{_any('nouns')}))?\s?(?::|(?:{_any('copula')}))\s(?:{_LEAD_WORDS}\s){{0,2}}"
)
_UNSPACED_BEFORE = (
    r"(?:(?:不是|并非|並非|不选|不選|不应选|排除|非|错误|錯誤|不正[确確]|不可能是|若选|如果选|有人(?:会)?选|误选|誤選)"
    r"[^\sA-Za-z,.:;?!]{0,8}:?\s?|"
    r"(?:誤り|間違い|不正解|不適切)[^\sA-Za-z,.;?!]{0,8}(?:は|:)\s?|"
    r"(?:오답|틀린\s?(?:것|답))[은는이]?\s?:?\s?)"
)
DENIED_BEFORE = rf"(?:\b(?:{_DENIED_VERB}|{_WRONG_ANSWER})|{_UNSPACED_BEFORE})"
DENIED_AFTER = (
    rf"(?:[.,;:!]{{0,3}}[ \n]{{1,2}}(?:{SORRY})\b|"
    rf"[.:,;–—-]? ?(?:(?:{_any('copula')})\s(?:\w{{3,14}}\s)?)?(?:{_any('wrong')})\b"
    r"(?! ?(?:options?|answers?|choices?|ones?|statements?)\b|\s?:\s?\(?(?-i:[A-Z])\b)|"
    r"\s?\?\s?(?:no|non|nein|não|nee|нет)\b|"
    r"\s(?:no\s|n['’]|ne\s|n[aã]o\s|non\s|не\s|nie\s|không\s|bukan\s)"
    rf"(?:{_any('copula')}|puede|peut|pode|può|phải)\b|"
    r"\s(?:ist|w[aä]re|kann|is)\s(?:nicht|niet)\b|"
    r"[.:,;)]?\s?(?:[项項]|选项|選項)?(?:是|为|為)?(?:错|錯|不[对對正]|不[是应應选選]|误|誤)|"
    r"\s?(?:[项項]|选项|選項)?(?:可以|可|应|被)?(?:排除|除外)|"
    r"\s?(?:では|じゃ)(?:な|あり?ま)|\s?は(?:誤|間違|不正解|不適切|正しくな|適切でな|違|否定|除外)|\s?を(?:除外|否定)|"
    r"[).:]?\s?번?\s?(?:[은는이가]\s?)?(?:정답이?\s?|답이?\s?)?"
    r"(?:아니|아닙|아닌|아님|틀[린렸]|오답|잘못|부적절|옳지\s?않|맞지\s?않|적절하지\s?않))"
)
