"""What all routes share: answers, errors, rights, paging, time ranges. Knows no subject."""
