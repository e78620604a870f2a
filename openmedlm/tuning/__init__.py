"""`openmedlm tune`: from options to a study, and from the study to frozen programs."""
