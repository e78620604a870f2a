"""Medical terms that end in a letter, as in `hepatitis B`: the letter is part of a name, not an answer."""

import re

_TERM = re.compile(
    r"\b(?:class(?:ification)?|types?|grades?|stages?|groups?|categor(?:y|ies)|subtypes?|serotypes?|serogroup|strain|"
    r"genotype|phenotype|(?<!risk )factors?|scores?|level|zone|segment|lead|axis|cluster|tier|phase|part|panel|figure|"
    r"table|item|vitamin|provitamin|hepatitis|influenza|h(?:a)?emophilia|h(?:a)?emoglobin|protein|complement|"
    r"immunoglobulin|apolipoprotein|apo|lipoprotein|interferon|interleukin|streptococc\w{1,3}|antigen|allele|coenzyme|"
    r"toxin|cyclosporin|penicillin|amphotericin|polymyxin|cathepsin|cyclin|chromosome|child(?:[- ]turcotte)?[- ]pugh|"
    r"stanford|binet|debakey|gustilo|forrest|salter|garden|weber|nyha|acc|aha|bclc|dukes['’]?|ann arbor|rai|killip|"
    r"evidence|recommendation|pregnancy category|deficiency|excess|lack|intake|dsm\S{0,4}|hla|ig|cell|lymphocyte|virus)"
    r"(?:['’]s)?[ \"'(\[]*(?:[:=]|\b(?:is|was|of|to|in|level)\b)?[ \"'(\[:]*$",
    re.IGNORECASE,
)


def part_of_term(text: str, at: int) -> bool:
    """Return True if the letter at this position belongs to the term before it, as in `Child-Pugh class: C`."""
    return bool(_TERM.search(text, max(0, at - 40), at))
